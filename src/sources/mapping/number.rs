//! Reading an exact number: from its own text, from minor units, from a sum, with its sign turned.

use rust_decimal::Decimal;

use super::columns::Books;
use super::rule::{ColumnRule, Misfit};
use crate::canonical::{Kind, parse_decimal};
use crate::currency::Currency;
use crate::sources::json::{Json, Path, Scope, Shape};

/// The number that a rule names, or nothing where the field is absent. Overflow is a misfit.
pub(super) fn read(
    rule: &ColumnRule,
    scope: Scope<'_>,
    books: &Books,
) -> Result<Option<Decimal>, Misfit> {
    let Some(found) = gross(rule, scope)? else {
        return Ok(None);
    };
    let less = match &rule.less_path {
        Some(path) => total(path, scope)?.unwrap_or_default(),
        None => Decimal::ZERO,
    };
    let too_large = || Misfit::new(Some(&found.to_string()), "does not fit an exact decimal");
    let net = found.checked_sub(less).ok_or_else(too_large)?;
    let signed = if rule.table.negate { -net } else { net };
    let whole = match &rule.currency_path {
        Some(path) => in_major_units(signed, path, scope, books)?,
        None => signed,
    };
    // The sum and the shift may have more digits than their parts; what is kept must be exact.
    let text = whole.normalize().to_string();
    parse_decimal(&text)
        .map(Some)
        .map_err(|reason| Misfit::new(Some(&text), reason.to_string()))
}

fn gross(rule: &ColumnRule, scope: Scope<'_>) -> Result<Option<Decimal>, Misfit> {
    for path in &rule.paths {
        let found = if rule.table.sum {
            total(path, scope)?
        } else {
            path.one(scope).map(decimal).transpose()?
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The sum of all numbers that a path names. An empty list sums to zero; a list that is not there
/// has no sum.
fn total(path: &Path, scope: Scope<'_>) -> Result<Option<Decimal>, Misfit> {
    let values: Vec<Json<'_>> = path
        .all(scope)
        .into_iter()
        .filter(|value| !value.is_absent())
        .collect();
    if values.is_empty() && !path.names_empty_list(scope) {
        return Ok(None);
    }
    let mut sum = Decimal::ZERO;
    for value in values {
        sum = sum
            .checked_add(decimal(value)?)
            .ok_or_else(|| Misfit::new(value.scalar(), "does not fit an exact decimal"))?;
    }
    Ok(Some(sum))
}

fn decimal(value: Json<'_>) -> Result<Decimal, Misfit> {
    match value.shape() {
        Shape::Number(text) | Shape::Text(text) => {
            parse_decimal(text).map_err(|reason| Misfit::new(Some(text), reason.to_string()))
        }
        _ => Err(Misfit::shape(value, Kind::Decimal)),
    }
}

/// A count of minor units in the currency's own unit, by the vendor's exponent where it has one of
/// its own: Stripe writes ISK with two decimals, though ISO 4217 gives it none.
fn in_major_units(
    count: Decimal,
    currency_path: &Path,
    scope: Scope<'_>,
    books: &Books,
) -> Result<Decimal, Misfit> {
    let count_text = count.to_string();
    let code = currency_path
        .text(scope)
        .map(str::to_uppercase)
        .ok_or_else(|| Misfit::new(Some(&count_text), "counts the units of no currency"))?;
    let currency: Currency = code
        .parse()
        .map_err(|_| Misfit::new(Some(&code), "is no currency of ISO 4217"))?;
    let exponent = books
        .minor_units
        .get(currency.code())
        .copied()
        .unwrap_or_else(|| currency.exponent());
    let exact = count.normalize();
    Decimal::try_from_i128_with_scale(exact.mantissa(), exact.scale() + exponent)
        .map_err(|_| Misfit::new(Some(&count_text), "does not fit an exact decimal"))
}
