//! Units of a fold that are plainly equal, counted by customer and currency, and the packed form of
//! those that are not.

use std::collections::{BTreeSet, HashSet};

use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::reconcile::error::ReconcileError;

use super::figure_functions::EXACT_SCALE;
use super::fold::{Folded, FoldedUnit};
use super::rule_query::RuleQuery;
use super::rule_units::{LegSums, Measured, RuleUnit};
use super::unit_sort::{pack_texts, unpack_text};

/// The key columns in front of those of the rule.
const ACCOUNT: usize = 0;
const SKU: usize = 1;
const CURRENCY: usize = 2;
const UNIT_COLUMNS: usize = 3;
/// More currencies than this are no currencies.
const CURRENCIES_MAX: u32 = 512;

/// Which units are plainly equal: all legs have them, and the same of everything that is compared.
pub(crate) struct Plain<'a> {
    /// The measures that are compared; every leg has them, and there is at least one.
    pub(crate) measures: Vec<usize>,
    /// The one of them that is the unit's money.
    pub(crate) value: Option<usize>,
    /// Units that are given whole in any case, as (account, product).
    pub(crate) watched: &'a BTreeSet<(String, String)>,
    /// Which of them are meant, by the rest of their key.
    pub(crate) is_watched: &'a (dyn Fn(&[&str]) -> bool + Sync),
}

/// Plainly equal units of one customer and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlainUnits {
    pub(crate) account: String,
    pub(crate) currency: Currency,
    pub(crate) units: u64,
    /// Their money, added with its sign.
    pub(crate) value: Decimal,
    /// The same without signs.
    pub(crate) weight: Decimal,
}

/// All plainly equal units, and the rows of each leg that they are made of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PlainTotals {
    pub(crate) units: Vec<PlainUnits>,
    pub(crate) rows: Vec<u64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    units: u64,
    value: i128,
    weight: i128,
}

/// Counts the plainly equal units.
pub(super) struct Counted<'a> {
    plain: Option<&'a Plain<'a>>,
    legs: usize,
    key_count: usize,
    has_near: bool,
    /// By the numbers of account and product.
    watched: HashSet<(u32, u32)>,
    /// By the number of the currency, then by that of the account.
    sums: Vec<Vec<Sum>>,
    rows: Vec<u64>,
}

impl<'a> Counted<'a> {
    pub(super) fn new(
        query: &RuleQuery<'_>,
        plain: Option<&'a Plain<'a>>,
        folded: &Folded,
    ) -> Self {
        let watched = plain.iter().flat_map(|plain| plain.watched);
        Self {
            plain,
            legs: query.legs.len(),
            key_count: UNIT_COLUMNS + query.key.len(),
            has_near: query.lag_days.is_some(),
            watched: watched
                .filter_map(|(account, sku)| {
                    Some((folded.number(ACCOUNT, account)?, folded.number(SKU, sku)?))
                })
                .collect(),
            sums: Vec::new(),
            rows: vec![0; query.legs.len()],
        }
    }

    /// Counts a unit if it is plainly equal, and says so.
    pub(super) fn take(&mut self, unit: &FoldedUnit<'_>) -> Result<bool, ReconcileError> {
        let Some(plain) = self.plain else {
            return Ok(false);
        };
        let (Some(account), Some(currency)) = (unit.number(ACCOUNT), unit.number(CURRENCY)) else {
            return Ok(false);
        };
        if currency >= CURRENCIES_MAX || !self.is_equal(plain, unit) {
            return Ok(false);
        }
        if !plain.watched.is_empty() {
            let is_watched = unit
                .number(SKU)
                .is_none_or(|sku| self.watched.contains(&(account, sku)));
            if is_watched {
                let key = (UNIT_COLUMNS..self.key_count).map(|column| unit.text(column));
                if (plain.is_watched)(&key.collect::<Vec<_>>()) {
                    return Ok(false);
                }
            }
        }
        let (account, currency) = (account as usize, currency as usize);
        if self.sums.len() <= currency {
            self.sums.resize(currency + 1, Vec::new());
        }
        let of_currency = &mut self.sums[currency];
        if of_currency.len() <= account {
            of_currency.resize((account + 1).next_power_of_two(), Sum::default());
        }
        let sum = &mut of_currency[account];
        let value = plain.value.map_or(0, |at| unit.sum(0, at));
        let overflow = || ReconcileError::Overflow("the units of a customer".into());
        sum.units += 1;
        sum.value = sum.value.checked_add(value).ok_or_else(overflow)?;
        sum.weight = value
            .checked_abs()
            .and_then(|size| sum.weight.checked_add(size))
            .ok_or_else(overflow)?;
        for (leg, rows) in self.rows.iter_mut().enumerate() {
            *rows += unit.rows(leg);
        }
        Ok(true)
    }

    fn is_equal(&self, plain: &Plain<'_>, unit: &FoldedUnit<'_>) -> bool {
        let has_rows = (0..self.legs).all(|leg| unit.rows(leg) > 0);
        let is_near = self.has_near && (self.legs..self.legs * 2).any(|leg| unit.rows(leg) > 0);
        has_rows
            && !is_near
            && plain.measures.iter().all(|at| {
                (0..self.legs).all(|leg| {
                    unit.present(leg, *at) == unit.rows(leg)
                        && unit.sum(leg, *at) == unit.sum(0, *at)
                        && unit.extremes(leg, *at) == unit.extremes(0, *at)
                })
            })
    }

    /// What was counted.
    pub(super) fn totals(self, folded: &Folded) -> Result<PlainTotals, ReconcileError> {
        let mut units = Vec::new();
        for (currency, of_currency) in (0_u32..).zip(&self.sums) {
            let code = folded.text(CURRENCY, currency);
            let mut parsed = None;
            for (account, sum) in (0_u32..).zip(of_currency).filter(|(_, sum)| sum.units > 0) {
                let currency = match parsed {
                    Some(currency) => currency,
                    None => *parsed.insert(currency_of(code)?),
                };
                units.push(PlainUnits {
                    account: folded.text(ACCOUNT, account).to_owned(),
                    currency,
                    units: sum.units,
                    value: number(sum.value)?,
                    weight: number(sum.weight)?,
                });
            }
        }
        Ok(PlainTotals {
            units,
            rows: self.rows,
        })
    }
}

fn currency_of(code: &str) -> Result<Currency, ReconcileError> {
    code.parse()
        .map_err(|_| ReconcileError::NoCurrency(format!("`{code}`")))
}

/// The exact decimal of a figure of the fold.
fn number(unscaled: i128) -> Result<Decimal, ReconcileError> {
    let (mut digits, mut scale) = (unscaled, EXACT_SCALE.unsigned_abs());
    // Without the zeros that it has to spare a wide figure may fit.
    while scale > 0 && digits % 10 == 0 {
        digits /= 10;
        scale -= 1;
    }
    Decimal::try_from_i128_with_scale(digits, scale.into())
        .map_err(|_| ReconcileError::Overflow("a figure of a rule's leg".into()))
}

/// Packs a unit: its key in its order, then the figures of every leg.
pub(super) fn pack_unit(query: &RuleQuery<'_>, unit: &FoldedUnit<'_>, out: &mut Vec<u8>) {
    let legs = query.legs.len();
    pack_texts(
        (0..UNIT_COLUMNS + query.key.len()).map(|column| unit.text(column)),
        out,
    );
    for leg in 0..legs {
        let near = query.lag_days.map_or(0, |_| unit.rows(legs + leg));
        out.extend_from_slice(&unit.rows(leg).to_le_bytes());
        out.extend_from_slice(&near.to_le_bytes());
        for (at, measure) in query.measures.iter().enumerate() {
            out.extend_from_slice(&unit.present(leg, at).to_le_bytes());
            let sum = unit.sum(leg, at);
            let (least, greatest) = match unit.extremes(leg, at) {
                Some(extremes) if !measure.is_sum => extremes,
                _ => (sum, sum),
            };
            out.extend_from_slice(&least.to_le_bytes());
            out.extend_from_slice(&greatest.to_le_bytes());
        }
    }
}

/// Reads what [`pack_unit`] packed.
pub(super) fn unpack_unit(
    query: &RuleQuery<'_>,
    packed: &[u8],
) -> Result<RuleUnit, ReconcileError> {
    let mut rest = Rest(packed);
    let (account, sku, code) = (rest.text()?, rest.text()?, rest.text()?);
    let key = query.key.iter().map(|_| rest.text());
    let key = key.collect::<Result<_, _>>()?;
    let mut legs = Vec::with_capacity(query.legs.len());
    for _ in &query.legs {
        let (rows, near_rows) = (rest.count()?, rest.count()?);
        let mut measures = Vec::with_capacity(query.measures.len());
        for _ in &query.measures {
            let present = rest.count()?;
            let (least, greatest) = (rest.figure()?, rest.figure()?);
            // Of a measure that some row lacks nothing is said.
            let is_whole = rows > 0 && present == rows;
            measures.push(if is_whole {
                Some(Measured {
                    least: number(least)?,
                    greatest: number(greatest)?,
                })
            } else {
                None
            });
        }
        legs.push(LegSums {
            rows,
            near_rows,
            measures,
            texts: Vec::new(),
        });
    }
    Ok(RuleUnit {
        account,
        sku,
        currency: currency_of(&code)?,
        key,
        legs,
    })
}

struct Rest<'p>(&'p [u8]);

impl Rest<'_> {
    fn text(&mut self) -> Result<String, ReconcileError> {
        unpack_text(&mut self.0).ok_or_else(spoiled)
    }

    fn count(&mut self) -> Result<u64, ReconcileError> {
        let (taken, left) = self.0.split_first_chunk().ok_or_else(spoiled)?;
        self.0 = left;
        Ok(u64::from_le_bytes(*taken))
    }

    fn figure(&mut self) -> Result<i128, ReconcileError> {
        let (taken, left) = self.0.split_first_chunk().ok_or_else(spoiled)?;
        self.0 = left;
        Ok(i128::from_le_bytes(*taken))
    }
}

fn spoiled() -> ReconcileError {
    ReconcileError::Engine {
        doing: "reading its own sorted units",
        source: "they are not as they were written".into(),
    }
}
