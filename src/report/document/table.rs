//! A table that is the same in HTML and in text.

use serde::Serialize;

use super::clean::isolated;

/// How many rows a table in a mail has; the rest is in the attachment.
pub(in crate::report) const TOP_ROWS: usize = 10;
/// The widest column of words in the text part.
const TEXT_WIDTH_MAX: usize = 34;

/// The head of a column.
#[derive(Debug, Clone, Serialize)]
pub(in crate::report) struct Column {
    /// What it holds.
    pub(in crate::report) name: &'static str,
    /// Whether it holds figures, which stand on the right.
    pub(in crate::report) is_figure: bool,
    /// Whether its figures change by the mere passing of time.
    #[serde(skip)]
    is_aging: bool,
}

impl Column {
    /// A column of words.
    pub(in crate::report) const fn words(name: &'static str) -> Self {
        Self {
            name,
            is_figure: false,
            is_aging: false,
        }
    }

    /// A column of figures.
    pub(in crate::report) const fn figures(name: &'static str) -> Self {
        Self {
            name,
            is_figure: true,
            is_aging: false,
        }
    }

    /// A column of figures that change by the mere passing of time: ages, and what is sorted by them.
    pub(in crate::report) const fn ages(name: &'static str) -> Self {
        Self {
            name,
            is_figure: true,
            is_aging: true,
        }
    }
}

/// A cell: a line, and a smaller one below it.
#[derive(Debug, Clone, Serialize)]
pub(in crate::report) struct Cell {
    /// The line.
    pub(in crate::report) main: String,
    /// The line below.
    pub(in crate::report) sub: Option<String>,
}

impl Cell {
    /// A cell of two lines.
    pub(in crate::report) fn two(main: impl Into<String>, sub: impl Into<String>) -> Self {
        Self {
            main: main.into(),
            sub: Some(sub.into()),
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(main: T) -> Self {
        Self {
            main: main.into(),
            sub: None,
        }
    }
}

/// A table with a heading.
#[derive(Debug, Clone, Serialize)]
pub(in crate::report) struct Table {
    /// The heading.
    pub(in crate::report) title: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    more: Option<String>,
    empty: String,
    /// The same in fixed-width text.
    lines: Vec<String>,
}

impl Table {
    /// A table of the first [`TOP_ROWS`] of `rows`. `rest` says where the others are; `empty` is
    /// said when there are none at all.
    pub(in crate::report) fn new(
        title: impl Into<String>,
        columns: Vec<Column>,
        mut rows: Vec<Vec<Cell>>,
        rest: Rest,
        empty: impl Into<String>,
    ) -> Self {
        let hidden = rows.len().saturating_sub(TOP_ROWS);
        rows.truncate(TOP_ROWS);
        let more = (hidden > 0).then(|| match rest {
            Rest::Attachment => format!("{hidden} more in attachment"),
            Rest::Command(command) => format!("{hidden} more: run `{command}`"),
        });
        let lines = text_lines(&columns, &rows);
        Self {
            title: title.into(),
            columns,
            rows,
            more,
            empty: empty.into(),
            lines,
        }
    }
}

impl Table {
    /// The figures of the table by name, but for those that change by the mere passing of time. The
    /// smaller lines of cells are words.
    pub(super) fn printed(&self, title: &str) -> Vec<(String, String)> {
        let mut printed = Vec::new();
        for row in &self.rows {
            let name = row.first().map_or("", |cell| cell.main.as_str());
            let cells = self.columns.iter().zip(row);
            let figures = cells.filter(|(column, _)| column.is_figure && !column.is_aging);
            printed.extend(figures.map(|(column, cell)| {
                let name = format!("{title}: {name}, {}", column.name.to_lowercase());
                (name, cell.main.clone())
            }));
        }
        let has_figures = self
            .columns
            .iter()
            .any(|one| one.is_figure && !one.is_aging);
        let more = self.more.clone().filter(|_| has_figures);
        printed.extend(more.map(|more| (format!("{title}: further rows"), more)));
        printed
    }
}

/// Where the rows are that a table has no room for.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) enum Rest {
    /// In the spreadsheet.
    Attachment,
    /// On the terminal.
    Command(&'static str),
}

fn text_lines(columns: &[Column], rows: &[Vec<Cell>]) -> Vec<String> {
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let widest = rows
                .iter()
                .filter_map(|row| row.get(index))
                .map(|cell| cell.main.chars().count())
                .max()
                .unwrap_or_default()
                .max(column.name.chars().count());
            if column.is_figure {
                widest
            } else {
                widest.min(TEXT_WIDTH_MAX)
            }
        })
        .collect();
    let head = columns
        .iter()
        .map(|column| column.name.to_owned())
        .collect();
    let rule = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut lines = vec![
        text_line(columns, &widths, head),
        text_line(columns, &widths, rule),
    ];
    for row in rows {
        let cells = row.iter().map(|cell| cell.main.clone()).collect();
        lines.push(text_line(columns, &widths, cells));
        for sub in row.iter().filter_map(|cell| cell.sub.as_deref()) {
            lines.push(format!("    {}", isolated(sub)));
        }
    }
    lines
}

fn text_line(columns: &[Column], widths: &[usize], cells: Vec<String>) -> String {
    let mut line = String::new();
    for ((column, width), cell) in columns.iter().zip(widths).zip(cells) {
        if !line.is_empty() {
            line.push_str("  ");
        }
        let length = cell.chars().count();
        let blanks = " ".repeat(width.saturating_sub(length));
        if column.is_figure {
            line.push_str(&blanks);
            line.push_str(&cell);
        } else if length > *width {
            let cut: String = cell.chars().take(width.saturating_sub(1)).collect();
            line.push_str(&isolated(&format!("{cut}…")));
        } else {
            line.push_str(&isolated(&cell));
            line.push_str(&blanks);
        }
    }
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_tables_line_up_and_say_what_is_cut() {
        let rows = (1..=12)
            .map(|number| {
                vec![
                    Cell::two(format!("Account {number}"), "details"),
                    format!("{number}.00").into(),
                ]
            })
            .collect();
        let table = Table::new(
            "Top ten",
            vec![Column::words("Account"), Column::figures("Impact")],
            rows,
            Rest::Attachment,
            "none",
        );
        assert_eq!(table.lines[0], "Account     Impact");
        assert_eq!(table.lines[2], "Account 1     1.00");
        assert_eq!(table.lines[3], "    details");
        assert_eq!(table.rows.len(), 10);
        assert_eq!(table.more.as_deref(), Some("2 more in attachment"));
    }
}
