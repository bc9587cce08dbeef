//! What a unit should have been billed for a period, computed exactly.
//!
//! ```text
//! expected_qty = fixed C.qty | per_seat_trueup max(C.qty, U) | usage U | commit max(C.commit, U)
//! expected_net = round_src(expected_qty × unit_price × (1 − discount) × proration)
//! ```
//! Rounding is the source's own and part of the expectation, row by row.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::config::{Proration, SourceRounding};
use crate::currency::Currency;
use crate::period::{Period, local_day};
use crate::reconcile::error::ReconcileError;

use super::proration::{Charge, charge};
use super::spread::spread_usage;
use super::terms::{Frequency, Model, Terms};

/// Which discounts are given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Discounting {
    /// Those that are valid on the first day of the service.
    #[default]
    AsAgreed,
    /// None.
    Never,
    /// Those that are over, too.
    Always,
}

/// How the billing side computes a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineRules<'a> {
    pub(super) rounding: SourceRounding,
    /// The proration of contracts that name none.
    pub(super) proration: Proration,
    /// The proration of all contracts, whatever they name: a mistake to compare with.
    pub(super) forced_proration: Option<Proration>,
    pub(super) discounting: Discounting,
    /// The day of the following month on which arrears are billed.
    pub(super) arrears_bill_day: u8,
    pub(super) zone: &'a TimeZone,
}

/// What a unit should have been billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    /// The sum of the rows' amounts.
    pub(super) amount: Decimal,
    /// The sum of the quantities; absent where parts of a cycle make it incomparable.
    pub(super) quantity: Option<Decimal>,
    /// The exact price of one after discount, where all rows have the same.
    pub(super) unit_price: Option<Decimal>,
    /// The rows that are charged, by source and id.
    pub(super) rows: Vec<(String, String)>,
    /// The rows' branch: the lowest that one names.
    pub(super) branch: Option<String>,
    /// Whether usage can change it.
    pub(super) is_metered: bool,
    /// Whether a part of it is billed in arrears.
    pub(super) is_arrears: bool,
    /// The day by which all of it should be billed.
    pub(super) due_on: Date,
    /// How many cycles a year has, where all rows recur alike.
    pub(super) cycles_per_year: Option<i64>,
    /// Whether more was used than the commitments include.
    pub(super) has_overage: bool,
    /// The tax in percent, where all rows have the same.
    pub(super) tax_rate: Option<Decimal>,
    /// Whether a row starts or ends inside its cycle.
    pub(super) has_parts: bool,
    /// When the service ends, where that is inside its cycle and nothing follows, and only the part
    /// before it is charged.
    pub(super) ends_at: Option<Timestamp>,
}

/// A contract row that is charged in the period.
pub(super) struct ChargedRow<'t> {
    pub(super) terms: &'t Terms,
    pub(super) charge: Charge,
    pub(super) proration: Proration,
    /// The quantity that the contract itself names.
    pub(super) included: Decimal,
    /// What usage adds.
    pub(super) excess: Decimal,
}

/// The expectation of a period from the contract rows of one currency and the unit's usage;
/// `None` when no row is charged in it.
pub(super) fn expect(
    terms: &[&Terms],
    usage: &[(Timestamp, Decimal)],
    period: Period,
    rules: LineRules<'_>,
) -> Result<Option<Expected>, ReconcileError> {
    let rows: Vec<ChargedRow<'_>> = terms
        .iter()
        .filter_map(|terms| {
            let proration = rules
                .forced_proration
                .or(terms.proration)
                .unwrap_or(rules.proration);
            let charge = charge(terms, period, proration, rules.zone)?;
            Some(ChargedRow {
                terms,
                charge,
                proration,
                included: match terms.model {
                    Model::Fixed | Model::PerSeatTrueup => terms.quantity,
                    Model::Usage => Decimal::ZERO,
                    Model::Commit => terms.commit_quantity.unwrap_or(terms.quantity),
                },
                excess: Decimal::ZERO,
            })
        })
        .collect();
    let mut rows = without_replaced(rows);
    rows.sort_by(|base, peer| {
        let key = |row: &ChargedRow<'_>| {
            (
                row.charge.from,
                row.charge.to,
                row.terms.source.clone(),
                row.terms.id.clone(),
            )
        };
        key(base).cmp(&key(peer))
    });
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let all_recur_alike =
        |frequency: Frequency| rows.iter().all(|row| row.terms.frequency == frequency);
    let cycles_per_year = Some(first.terms.frequency)
        .filter(|frequency| all_recur_alike(*frequency))
        .and_then(Frequency::cycles_per_year);
    let tax_rate = first
        .terms
        .tax_rate
        .filter(|rate| rows.iter().all(|row| row.terms.tax_rate == Some(*rate)));
    spread_usage(&mut rows, usage)?;

    let mut amount = Decimal::ZERO;
    let mut quantity = Decimal::ZERO;
    for row in &rows {
        amount = add(amount, row_amount(row, period, rules)?)?;
        quantity = add(quantity, add(row.included, row.excess)?)?;
    }
    let is_whole = rows
        .iter()
        .all(|row| row.charge.is_whole() || row.terms.model == Model::Usage);
    let prices: Vec<Decimal> = rows
        .iter()
        .map(|row| price(row, period, rules))
        .collect::<Result<_, _>>()?;
    let is_one_price = prices.windows(2).all(|pair| pair[0] == pair[1])
        && rows
            .iter()
            .all(|row| row.terms.overage_price.is_none() || row.excess.is_zero());
    Ok(Some(Expected {
        amount,
        quantity: (is_whole || rows.len() == 1).then_some(quantity),
        unit_price: prices.first().copied().filter(|_| is_whole && is_one_price),
        rows: rows
            .iter()
            .map(|row| (row.terms.source.clone(), row.terms.id.clone()))
            .collect(),
        branch: rows.iter().filter_map(|row| row.terms.branch.clone()).min(),
        is_metered: rows.iter().any(|row| row.terms.model.is_metered()),
        is_arrears: rows.iter().any(|row| row.terms.model.is_arrears()),
        due_on: rows
            .iter()
            .map(|row| due_on(row, period, rules))
            .max()
            .unwrap_or(period.last_day()),
        cycles_per_year,
        has_overage: rows
            .iter()
            .any(|row| row.terms.model == Model::Commit && row.excess > Decimal::ZERO),
        tax_rate,
        has_parts: rows
            .iter()
            .any(|row| row.charge.is_part && row.terms.model != Model::Usage),
        ends_at: ends_at(&rows),
    }))
}

/// The rows without those that another one replaces in the middle of a cycle which is charged as a
/// whole: it is charged once, by what replaced them.
fn without_replaced(rows: Vec<ChargedRow<'_>>) -> Vec<ChargedRow<'_>> {
    let starts: Vec<Timestamp> = rows.iter().map(|row| row.charge.from).collect();
    rows.into_iter()
        .filter(|row| {
            let is_replaced = row.charge.is_cut && starts.contains(&row.charge.to);
            !(is_replaced && row.proration == Proration::None && row.terms.model != Model::Usage)
        })
        .collect()
}

/// When the service of the row that lasts longest ends, where that is inside its cycle.
fn ends_at(rows: &[ChargedRow<'_>]) -> Option<Timestamp> {
    let last = rows.iter().map(|row| row.charge.to).max()?;
    rows.iter()
        .filter(|row| row.charge.to == last)
        .all(|row| row.charge.is_cut && !row.charge.is_whole() && row.terms.model != Model::Usage)
        .then_some(last)
}

/// The price of one after discount, on the first day of the row's service in the period.
fn price(
    row: &ChargedRow<'_>,
    period: Period,
    rules: LineRules<'_>,
) -> Result<Decimal, ReconcileError> {
    let service_day = local_day(row.charge.from, rules.zone).max(period.first_day());
    let is_valid = row
        .terms
        .discount_ends_on
        .is_none_or(|end| service_day < end);
    let is_discounted = match rules.discounting {
        Discounting::AsAgreed => is_valid,
        Discounting::Never => false,
        Discounting::Always => true,
    };
    if !is_discounted || row.terms.discount_percent.is_zero() {
        return Ok(row.terms.unit_price);
    }
    Decimal::ONE_HUNDRED
        .checked_sub(row.terms.discount_percent)
        .and_then(|percent| row.terms.unit_price.checked_mul(percent))
        .and_then(|product| product.checked_div(Decimal::ONE_HUNDRED))
        .ok_or_else(|| overflow(row))
}

fn row_amount(
    row: &ChargedRow<'_>,
    period: Period,
    rules: LineRules<'_>,
) -> Result<Decimal, ReconcileError> {
    let price = price(row, period, rules)?;
    let currency = row.terms.currency;
    let times = |quantity: Decimal, price: Decimal| {
        quantity.checked_mul(price).ok_or_else(|| overflow(row))
    };
    let part = |amount: Decimal| row.charge.part_of(amount).ok_or_else(|| overflow(row));
    match row.terms.model {
        // Usage was measured: what was used in a part of the month is the whole of it.
        Model::Usage => Ok(round(times(row.excess, price)?, currency, rules.rounding)),
        Model::Commit => {
            let committed = part(times(row.included, price)?)?;
            let overage = times(row.excess, row.terms.overage_price.unwrap_or(price))?;
            match row.terms.overage_price {
                None => Ok(round(add(committed, overage)?, currency, rules.rounding)),
                Some(_) => add(
                    round(committed, currency, rules.rounding),
                    round(overage, currency, rules.rounding),
                ),
            }
        }
        Model::Fixed | Model::PerSeatTrueup => {
            let quantity = add(row.included, row.excess)?;
            // A licence line of the partner centre rounds the price, then multiplies.
            if rules.rounding == SourceRounding::PartnerCenter {
                let each = round(part(price)?, currency, rules.rounding);
                return times(quantity, each);
            }
            Ok(round(
                part(times(quantity, price)?)?,
                currency,
                rules.rounding,
            ))
        }
    }
}

/// Rounds an amount to its currency's decimals as a source does.
pub(super) fn round(amount: Decimal, currency: Currency, rounding: SourceRounding) -> Decimal {
    let strategy = match rounding {
        SourceRounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
        SourceRounding::HalfEven => RoundingStrategy::MidpointNearestEven,
        SourceRounding::Down | SourceRounding::PartnerCenter => RoundingStrategy::ToZero,
    };
    amount.round_dp_with_strategy(currency.exponent(), strategy)
}

fn due_on(row: &ChargedRow<'_>, period: Period, rules: LineRules<'_>) -> Date {
    if row.terms.model.is_arrears() {
        arrears_due_on(period, rules.arrears_bill_day)
    } else {
        local_day(row.charge.from, rules.zone).max(period.first_day())
    }
}

/// The day on which what was used in a period is billed; a day that the next month does not have
/// is its last.
pub(super) fn arrears_due_on(period: Period, bill_day: u8) -> Date {
    let next = period.next();
    let day = i8::try_from(bill_day)
        .unwrap_or(i8::MAX)
        .clamp(1, next.day_count());
    next.first_day()
        .with()
        .day(day)
        .build()
        .unwrap_or(next.first_day())
}

pub(super) fn add(base: Decimal, peer: Decimal) -> Result<Decimal, ReconcileError> {
    base.checked_add(peer)
        .ok_or_else(|| ReconcileError::Overflow(format!("{base} and {peer}")))
}

fn overflow(row: &ChargedRow<'_>) -> ReconcileError {
    ReconcileError::Overflow(format!(
        "the expected amount of contract {}:{}",
        row.terms.source, row.terms.id
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::billing::terms::interpret;
    use crate::reconcile::legs::ContractRow;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn instant(text: &str) -> Timestamp {
        crate::canonical::parse_instant(text, None, &TimeZone::UTC).unwrap()
    }

    fn row(id: &str, model: &str, quantity: &str, price: &str) -> ContractRow {
        ContractRow {
            source: "crm".into(),
            id: id.into(),
            branch: None,
            currency: "USD".parse().unwrap(),
            quantity: number(quantity),
            unit_price: number(price),
            discount_percent: None,
            discount_ends_on: None,
            starts_on: instant("2025-01-01"),
            ends_on: None,
            frequency: None,
            model: Some(model.into()),
            commit_quantity: None,
            overage_price: None,
            proration: None,
            status: None,
            tax_rate: None,
        }
    }

    fn expected(rows: &[ContractRow], usage: &[(&str, &str)]) -> Expected {
        rounded(rows, usage, SourceRounding::HalfUp)
    }

    fn rounded(rows: &[ContractRow], usage: &[(&str, &str)], rounding: SourceRounding) -> Expected {
        let terms: Vec<Terms> = rows.iter().map(|row| interpret(row).unwrap()).collect();
        let usage: Vec<(Timestamp, Decimal)> = usage
            .iter()
            .map(|(at, quantity)| (instant(at), number(quantity)))
            .collect();
        let rules = LineRules {
            rounding,
            proration: Proration::DayActual,
            forced_proration: None,
            discounting: Discounting::AsAgreed,
            arrears_bill_day: 1,
            zone: &TimeZone::UTC,
        };
        let period = "2026-03".parse().unwrap();
        expect(&terms.iter().collect::<Vec<_>>(), &usage, period, rules)
            .unwrap()
            .unwrap()
    }

    // Goal: every model's quantity and amount. Method: one contract of 10 at 5.00 each, with usage
    // below and above it.
    #[test]
    fn models_read_usage_as_they_say() {
        for (model, usage, quantity, amount) in [
            ("fixed", "14", "10", "50"),
            ("per_seat_trueup", "8", "10", "50"),
            ("per_seat_trueup", "14", "14", "70"),
            ("usage", "8", "8", "40"),
            ("commit", "8", "10", "50"),
            ("commit", "14", "14", "70"),
        ] {
            let unit = expected(&[row("c", model, "10", "5")], &[("2026-03-01", usage)]);
            assert_eq!(unit.quantity, Some(number(quantity)), "{model} {usage}");
            assert_eq!(unit.amount, number(amount), "{model} {usage}");
        }
    }

    // Goal: overage has its own price, and what is committed its own quantity. Method: commit 100 at
    // 1.00, 130 used, overage at 1.50.
    #[test]
    fn overage_is_charged_at_its_price() {
        let mut contract = row("c", "commit", "1", "1");
        contract.commit_quantity = Some(number("100"));
        contract.overage_price = Some(number("1.5"));
        let unit = expected(&[contract], &[("2026-03-05", "70"), ("2026-03-20", "60")]);
        assert_eq!(unit.amount, number("145"));
        assert_eq!(unit.quantity, Some(number("130")));
        assert_eq!(unit.unit_price, None);
    }

    // Goal: two rows side by side share the usage, and two that meet are prorated to the day.
    // Method: 5 + 5 seats with 12 used; 10 seats until the 16th, then 12.
    #[test]
    fn rows_of_one_unit_add_up() {
        let pair = [
            row("a", "per_seat_trueup", "5", "2"),
            row("b", "per_seat_trueup", "5", "2"),
        ];
        let unit = expected(&pair, &[("2026-03-01", "12")]);
        assert_eq!(
            (unit.quantity, unit.amount),
            (Some(number("12")), number("24"))
        );

        let mut before = row("a", "fixed", "10", "31");
        before.ends_on = Some(instant("2026-03-16"));
        let mut after = row("b", "fixed", "12", "31");
        after.starts_on = instant("2026-03-16");
        let unit = expected(&[before, after], &[]);
        assert_eq!(unit.amount, number("342"), "10 × 15 + 12 × 16");
        assert_eq!(unit.quantity, None);
    }

    // Goal: discounts end exclusively, and each source rounds its own way. Method: 3 × 0.335 at 50 %.
    #[test]
    fn discounts_and_rounding_belong_to_the_expectation() {
        let mut contract = row("c", "fixed", "3", "0.67");
        contract.discount_percent = Some(number("50"));
        assert_eq!(expected(&[contract.clone()], &[]).amount, number("1.01"));
        let half_even = rounded(&[contract.clone()], &[], SourceRounding::HalfEven);
        assert_eq!(half_even.amount, number("1.00"));
        let partner = rounded(&[contract.clone()], &[], SourceRounding::PartnerCenter);
        assert_eq!(partner.amount, number("0.99"));
        contract.discount_ends_on = Some("2026-03-01".parse().unwrap());
        assert_eq!(expected(&[contract], &[]).amount, number("2.01"));
    }

    // Goal: due days. Method: fixed is due when its service starts, usage after the month.
    #[test]
    fn arrears_are_due_after_the_month() {
        assert_eq!(
            expected(&[row("c", "fixed", "1", "1")], &[])
                .due_on
                .to_string(),
            "2026-03-01"
        );
        assert_eq!(
            expected(&[row("c", "usage", "1", "1")], &[])
                .due_on
                .to_string(),
            "2026-04-01"
        );
        let february = arrears_due_on("2026-01".parse().unwrap(), 31);
        assert_eq!(february.to_string(), "2026-02-28");
    }
}
