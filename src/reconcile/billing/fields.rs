//! Both sides of a unit, field by field.

use rust_decimal::Decimal;

use crate::money::{decimal_text, money_text};
use crate::reconcile::discrepancy::Discrepancy;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::explanation::{FieldTold, RecordTold, joined};
use crate::reconcile::legs::{BilledLine, ContractRow, LegGroup, UnitRecords, UsageRow};

use super::unit::Unit;

/// The legs of an item's unit.
pub(super) struct Legs<'a> {
    pub(super) item: &'a Discrepancy,
    /// The unit, where something is left of it.
    pub(super) unit: Option<&'a Unit>,
    /// What was added up of it, and of the unit whose bill it took.
    pub(super) groups: Vec<&'a LegGroup>,
    pub(super) records: Vec<&'a UnitRecords>,
}

impl<'a> Legs<'a> {
    fn names(&self, entity: &str, source: &str, id: &str) -> bool {
        let mut sides = self.item.sides.iter();
        sides.any(|side| side.entity == entity && side.source == source && side.id == id)
    }

    /// The contracts that the item names; where it names none, all of the unit: one that is over or
    /// is not charged in the period tells why nothing is expected.
    pub(super) fn contracts(&self) -> impl Iterator<Item = &'a ContractRow> {
        let all = || self.groups.iter().flat_map(|group| &group.contracts);
        let is_named = |row: &ContractRow| self.names("contracts", &row.source, &row.id);
        let has_named = all().any(is_named);
        all()
            .filter(move |row| !has_named || self.names("contracts", &row.source, &row.id))
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// The billed lines of the unit, and those in other periods that the item names.
    pub(super) fn lines(&self) -> impl Iterator<Item = &'a BilledLine> {
        let currency = self.item.currency;
        let all = self.records.iter().flat_map(|records| &records.lines);
        all.filter(move |line| line.currency == currency)
            .filter(move |line| {
                line.offset == 0 || self.names("invoice_lines", &line.source, &line.id)
            })
    }

    fn usage(&self) -> impl Iterator<Item = &'a UsageRow> {
        let all = self.records.iter().flat_map(|records| &records.usage);
        all.filter(|row| row.offset == 0)
    }

    fn vended(&self) -> impl Iterator<Item = &'a UsageRow> {
        self.records.iter().flat_map(|records| &records.vended)
    }
}

/// The fields of a unit by leg; `told` are the records behind it, with the names of their own.
pub(super) fn fields_of(
    legs: &Legs<'_>,
    told: &[RecordTold],
) -> Result<Vec<FieldTold>, ReconcileError> {
    let item = legs.item;
    let money = |amount: Decimal| money_text(amount, item.currency);
    let expected = legs.unit.and_then(|unit| unit.expected.as_ref());
    let billed = legs
        .unit
        .map(|unit| &unit.billed)
        .filter(|billed| billed.line_count > 0);
    let own = |entities: &'static [&'static str], column: &'static str| {
        let records = told.iter().filter(|one| entities.contains(&one.entity));
        joined(records.filter_map(|one| one.fields.get(column).cloned()))
    };
    let quantity = FieldTold {
        field: "quantity",
        contract: sum(legs.contracts().map(|row| row.quantity))?,
        usage: sum(legs.usage().map(|row| row.quantity))?,
        vendor: sum(legs.vended().map(|row| row.quantity))?,
        expected: expected.and_then(|one| one.quantity).map(decimal_text),
        billed: billed.and_then(|one| one.quantity).map(decimal_text),
    };
    let unit_price = FieldTold {
        field: "unit_price",
        contract: joined(legs.contracts().map(|row| decimal_text(row.unit_price))),
        expected: expected.and_then(|one| one.unit_price).map(decimal_text),
        billed: joined(
            legs.lines()
                .filter_map(|line| line.unit_price.map(decimal_text)),
        ),
        ..FieldTold::default()
    };
    let discount = FieldTold {
        field: "discount",
        contract: joined(legs.contracts().filter_map(discount_text)),
        ..FieldTold::default()
    };
    let amount = FieldTold {
        field: "amount",
        expected: expected.map(|one| money(one.amount)),
        billed: billed.map(|one| money(one.net)),
        ..FieldTold::default()
    };
    let tax = FieldTold {
        field: "tax",
        contract: joined(
            legs.contracts()
                .filter_map(|row| Some(format!("{} %", decimal_text(row.tax_rate?)))),
        ),
        billed: billed.and_then(|one| one.tax).map(money),
        ..FieldTold::default()
    };
    let currency = FieldTold {
        field: "currency",
        contract: joined(legs.contracts().map(|row| row.currency.to_string())),
        expected: legs.unit.map(|unit| unit.currency.to_string()),
        billed: joined(legs.lines().map(|line| line.currency.to_string())),
        ..FieldTold::default()
    };
    let starts = || legs.usage().map(|row| row.starts_on);
    let service_period = FieldTold {
        field: "service_period",
        contract: joined(legs.contracts().map(|row| {
            let over = row.ends_on.map(|over| over.to_string());
            format!("{} .. {}", row.starts_on, over.unwrap_or_default())
        })),
        usage: starts()
            .min()
            .zip(starts().max())
            .map(|(first, last)| format!("{first} .. {last}")),
        expected: Some(item.period.to_string()),
        billed: joined(legs.lines().map(span_text)),
        ..FieldTold::default()
    };
    let account = FieldTold {
        field: "account",
        contract: own(&["contracts"], "account_id"),
        usage: own(&["usage"], "account_id"),
        expected: Some(item.account.clone()),
        billed: own(&["invoices", "invoice_lines"], "account_id"),
        ..FieldTold::default()
    };
    let product = FieldTold {
        field: "product",
        contract: own(&["contracts"], "sku"),
        usage: own(&["usage"], "sku"),
        expected: Some(item.sku.clone()),
        billed: own(&["invoice_lines"], "sku"),
        ..FieldTold::default()
    };
    Ok(vec![
        quantity,
        unit_price,
        discount,
        amount,
        tax,
        currency,
        service_period,
        account,
        product,
    ])
}

fn sum(figures: impl Iterator<Item = Decimal>) -> Result<Option<String>, ReconcileError> {
    let mut total: Option<Decimal> = None;
    for figure in figures {
        let sum = total.unwrap_or_default().checked_add(figure);
        total = Some(sum.ok_or_else(|| ReconcileError::Overflow("the quantities".into()))?);
    }
    Ok(total.map(decimal_text))
}

fn discount_text(row: &ContractRow) -> Option<String> {
    let percent = row.discount_percent.filter(|percent| !percent.is_zero())?;
    let end = row
        .discount_ends_on
        .map(|end| format!(" until {end}"))
        .unwrap_or_default();
    Some(format!("{} %{end}", decimal_text(percent)))
}

fn span_text(line: &BilledLine) -> String {
    let from = line.service_from.unwrap_or(line.billed_on);
    match line.service_to {
        Some(to) => format!("{from} .. {to}"),
        None => format!("{from} .."),
    }
}
