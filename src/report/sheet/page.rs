//! A sheet being written, from top to bottom.
#![expect(
    clippy::disallowed_types,
    reason = "spreadsheets keep numbers and widths as floats"
)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Workbook, Worksheet};

use crate::currency::Currency;
use crate::report::ReportError;
use crate::report::document::clean;

/// The most letters of a cell; a spreadsheet takes 32,767.
const CELL_MAX: usize = 32_000;
/// The most rows of a sheet of details; it keeps the attachment well below what mail takes.
pub(super) const ROWS_MAX: usize = 50_000;

/// A value of a cell.
pub(super) enum Value<'a> {
    /// Text, which is never evaluated.
    Text(&'a str),
    /// A whole number.
    Count(u64),
    /// A whole number that may be negative.
    Whole(i64),
    /// An amount, with the decimals of its currency.
    Money(Decimal, Currency),
    /// A fraction, shown in per cent.
    Rate(Option<Decimal>),
    /// A plain number.
    Number(Decimal),
    /// A day.
    Day(Date),
    /// An instant, by the clock of the books.
    Instant(Option<Timestamp>),
    /// Nothing.
    Empty,
}

/// A sheet with a head that stays in sight.
pub(super) struct Page<'a> {
    sheet: &'a mut Worksheet,
    zone: TimeZone,
    row: u32,
    columns: u16,
    formats: BTreeMap<String, Format>,
}

impl<'a> Page<'a> {
    /// A new sheet with columns of these names and widths in letters.
    pub(super) fn new(
        book: &'a mut Workbook,
        name: &str,
        zone: &TimeZone,
        columns: &[(&str, u16)],
    ) -> Result<Self, ReportError> {
        let sheet = book.add_worksheet();
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        sheet.set_landscape();
        sheet.set_print_fit_to_pages(1, 0);
        sheet.set_repeat_rows(0, 0)?;
        let head = Format::new()
            .set_bold()
            .set_font_color(Color::White)
            .set_background_color(Color::RGB(0x0016_324f))
            .set_border_bottom(FormatBorder::Thin)
            .set_align(FormatAlign::VerticalCenter);
        for (column, (title, width)) in (0..).zip(columns) {
            sheet.write_string_with_format(0, column, *title, &head)?;
            sheet.set_column_width(column, f64::from(*width))?;
        }
        Ok(Self {
            sheet,
            zone: zone.clone(),
            row: 0,
            columns: u16::try_from(columns.len()).unwrap_or(1),
            formats: BTreeMap::new(),
        })
    }

    /// Writes the next row.
    pub(super) fn push(&mut self, values: &[Value<'_>]) -> Result<(), ReportError> {
        self.row += 1;
        for (column, value) in (0..).zip(values) {
            self.write(column, value)?;
        }
        Ok(())
    }

    /// Puts the filter over all that was written.
    pub(super) fn finish(self) -> Result<(), ReportError> {
        if self.row > 0 {
            self.sheet
                .autofilter(0, 0, self.row, self.columns.saturating_sub(1))?;
        }
        Ok(())
    }

    fn write(&mut self, column: u16, value: &Value<'_>) -> Result<(), ReportError> {
        let row = self.row;
        match value {
            Value::Empty | Value::Rate(None) | Value::Instant(None) => {}
            Value::Text(text) => {
                let text = clean(text, CELL_MAX);
                if !text.is_empty() {
                    self.sheet.write_string(row, column, text)?;
                }
            }
            Value::Count(number) => self.number(column, (*number).into(), "#,##0")?,
            Value::Whole(number) => self.number(column, (*number).into(), "#,##0")?,
            Value::Rate(Some(rate)) => self.number(column, *rate, "0.00%")?,
            Value::Number(number) => self.number(column, *number, "#,##0.0")?,
            Value::Money(amount, currency) => {
                self.number(column, *amount, money_format(*currency))?;
            }
            Value::Day(day) => {
                let format = self.format("yyyy-mm-dd");
                self.sheet.write_with_format(row, column, day, &format)?;
            }
            Value::Instant(Some(instant)) => {
                let local = instant.to_zoned(self.zone.clone()).datetime();
                let local = local.round(jiff::Unit::Minute).unwrap_or(local);
                let format = self.format("yyyy-mm-dd hh:mm");
                self.sheet.write_with_format(row, column, &local, &format)?;
            }
        }
        Ok(())
    }

    fn number(&mut self, column: u16, number: Decimal, format: &str) -> Result<(), ReportError> {
        let format = self.format(format);
        self.sheet
            .write_with_format(self.row, column, number, &format)?;
        Ok(())
    }

    fn format(&mut self, number_format: &str) -> Format {
        self.formats
            .entry(number_format.to_owned())
            .or_insert_with(|| Format::new().set_num_format(number_format))
            .clone()
    }
}

fn money_format(currency: Currency) -> &'static str {
    match currency.exponent() {
        0 => "#,##0;-#,##0",
        3 => "#,##0.000;-#,##0.000",
        4 => "#,##0.0000;-#,##0.0000",
        _ => "#,##0.00;-#,##0.00",
    }
}
