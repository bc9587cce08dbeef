//! Reading an exact number: from its own text, from minor units, from a sum, with its sign turned.

use std::ops::ControlFlow;

use rust_decimal::Decimal;

use super::columns::Books;
use super::rule::{ColumnRule, Misfit};
use super::units::Units;
use crate::canonical::{Kind, exact, parse_decimal};
use crate::sources::json::{Json, Path, Scope, Shape};

/// A price that has no exact decimal is kept to this many digits after the point.
const SCALE_MAX: u32 = 10;

/// The number that a rule names, or nothing where the field is absent. Overflow is a misfit.
pub(super) fn read(
    rule: &ColumnRule,
    scope: Scope<'_>,
    books: &Books,
    units: &mut Units,
) -> Result<Option<Decimal>, Misfit> {
    let Some(found) = gross(rule, scope)? else {
        return Ok(None);
    };
    let net = if rule.less_paths.is_empty() {
        found
    } else {
        without(found, &rule.less_paths, scope)?
    };
    let turned = if rule.table.negate { -net } else { net };
    let signed = if rule.table.negative {
        -turned.abs()
    } else {
        turned
    };
    let whole = match &rule.currency_path {
        Some(path) => in_major_units(signed, path, scope, books, units)?,
        None => signed,
    };
    let whole = match &rule.per_path {
        Some(path) => match each(whole, path, scope)? {
            Some(price) => price,
            None => return Ok(None),
        },
        None => whole,
    };
    // The sum and the shift may have more digits than their parts; what is kept must be exact.
    exact(whole).map(Some).map_err(|reason| {
        let text = whole.normalize().to_string();
        Misfit::new(Some(&text), reason.to_string())
    })
}

/// What is left of a number when what other paths name is taken off.
fn without(found: Decimal, less_paths: &[Path], scope: Scope<'_>) -> Result<Decimal, Misfit> {
    let mut less = Decimal::ZERO;
    for path in less_paths {
        let part = total(path, scope)?.unwrap_or_default();
        less = less
            .checked_add(part)
            .ok_or_else(|| Misfit::new(None, "does not fit an exact decimal"))?;
    }
    let too_large = || Misfit::new(Some(&found.to_string()), "does not fit an exact decimal");
    found.checked_sub(less).ok_or_else(too_large)
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

/// The part of one unit, to as many digits as are kept; nothing where there are no units.
fn each(whole: Decimal, path: &Path, scope: Scope<'_>) -> Result<Option<Decimal>, Misfit> {
    let Some(units) = path.one(scope).map(decimal).transpose()? else {
        return Ok(None);
    };
    let price = whole.checked_div(units);
    Ok(price.map(|price| price.round_dp(SCALE_MAX)))
}

/// The sum of all numbers that a path names. An empty list sums to zero; a list that is not there
/// has no sum.
fn total(path: &Path, scope: Scope<'_>) -> Result<Option<Decimal>, Misfit> {
    let mut sum: Result<Option<Decimal>, Misfit> = Ok(None);
    path.visit(scope, &mut |value| {
        if value.is_absent() {
            return ControlFlow::Continue(());
        }
        let before = sum.as_ref().ok().copied().flatten();
        let too_large = || Misfit::new(value.scalar(), "does not fit an exact decimal");
        sum = decimal(value)
            .and_then(|number| match before {
                None => Ok(number),
                Some(before) => before.checked_add(number).ok_or_else(too_large),
            })
            .map(Some);
        match sum {
            Ok(_) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    match sum {
        Ok(None) if path.names_empty_list(scope) => Ok(Some(Decimal::ZERO)),
        found => found,
    }
}

fn decimal(value: Json<'_>) -> Result<Decimal, Misfit> {
    match value.shape() {
        Shape::Number(text) | Shape::Text(text) => {
            parse_decimal(text).map_err(|reason| Misfit::new(Some(text), reason.to_string()))
        }
        _ => Err(Misfit::shape(value, Kind::Decimal)),
    }
}

/// A count of minor units in the currency's own unit.
fn in_major_units(
    count: Decimal,
    currency_path: &Path,
    scope: Scope<'_>,
    books: &Books,
    units: &mut Units,
) -> Result<Decimal, Misfit> {
    let misfit = |reason: &str| Misfit::new(Some(&count.to_string()), reason);
    let code = currency_path
        .text(scope)
        .ok_or_else(|| misfit("counts the units of no currency"))?;
    let unit = units
        .of(code, true, books)
        .ok_or_else(|| Misfit::new(Some(&code.to_uppercase()), "is no currency of ISO 4217"))?;
    let mut whole = count;
    if whole.set_scale(count.scale() + unit.exponent).is_ok() {
        return Ok(whole);
    }
    let normal = count.normalize();
    Decimal::try_from_i128_with_scale(normal.mantissa(), normal.scale() + unit.exponent)
        .map_err(|_| misfit("does not fit an exact decimal"))
}
