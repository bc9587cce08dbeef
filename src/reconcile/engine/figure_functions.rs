//! SQL functions for figures: fields of the record as its source gave it, exact numbers of texts, and
//! money rounded as its source rounds it.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type};
use datafusion::common::{exec_err, plan_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::SessionContext;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::currency::Currency;

/// How many decimals an exact number of a text has, and a measure of a rule.
pub(super) const EXACT_SCALE: i8 = 12;
/// How many digits an engine's decimal has in all.
pub(super) const PRECISION: u8 = 38;

/// A value that a function cannot take. It is the data's or the rule's fault, not the engine's.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct FigureError(pub(super) String);

fn wrong(reason: String) -> DataFusionError {
    DataFusionError::External(Box::new(FigureError(reason)))
}

/// Registers `raw_text`, `exact` and `round_money`.
pub(super) fn register_figure_functions(context: &SessionContext) {
    for function in [Figure::RawText, Figure::Exact, Figure::RoundMoney] {
        let signature = Signature::variadic_any(Volatility::Immutable);
        context.register_udf(ScalarUDF::from(FigureFunction {
            function,
            signature,
        }));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Figure {
    /// `raw_text(raw, 'path')`: a field of the record as its source gave it.
    RawText,
    /// `exact(text)`: the number that a text is, or nothing of an absent or blank one.
    Exact,
    /// `round_money(amount, currency [, mode])`: rounded to the decimals of the currency.
    RoundMoney,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FigureFunction {
    function: Figure,
    signature: Signature,
}

impl ScalarUDFImpl for FigureFunction {
    fn name(&self) -> &str {
        match self.function {
            Figure::RawText => "raw_text",
            Figure::Exact => "exact",
            Figure::RoundMoney => "round_money",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let count = arguments.len();
        match self.function {
            Figure::RawText if count == 2 => Ok(DataType::Utf8),
            Figure::RawText => {
                plan_err!("raw_text takes the column raw and a path: raw_text(raw, 'Cost')")
            }
            Figure::Exact if count == 1 => {
                if arguments[0].is_floating() {
                    return plan_err!("exact takes a text; a float is not exact");
                }
                Ok(DataType::Decimal128(PRECISION, EXACT_SCALE))
            }
            Figure::Exact => plan_err!("exact takes one text: exact(raw_text(raw, 'Cost'))"),
            Figure::RoundMoney if (2..=3).contains(&count) => money_type(&arguments[0]),
            Figure::RoundMoney => plan_err!(
                "round_money takes an amount, a currency and a mode: round_money(net, 'USD', 'half_up')"
            ),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let answer = match self.function {
            Figure::RawText => raw_texts(&arrays)?,
            Figure::Exact => exact_numbers(&arrays[0])?,
            Figure::RoundMoney => rounded(&arrays, arguments.return_type())?,
        };
        Ok(ColumnarValue::Array(answer))
    }
}

/// What a rounded amount is: as exact as the amount itself.
fn money_type(amount: &DataType) -> Result<DataType> {
    match amount {
        DataType::Decimal128(_, scale) => Ok(DataType::Decimal128(PRECISION, *scale)),
        kind if kind.is_integer() || *kind == DataType::Null => {
            Ok(DataType::Decimal128(PRECISION, 0))
        }
        kind => {
            plan_err!("round_money takes an exact decimal, not {kind}: cast it, or use exact()")
        }
    }
}

fn texts(array: &ArrayRef) -> Result<StringArray> {
    let array = cast(array, &DataType::Utf8)?;
    Ok(array.as_string::<i32>().clone())
}

fn get(array: &StringArray, row: usize) -> Option<&str> {
    (!array.is_null(row)).then(|| array.value(row))
}

fn raw_texts(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let (records, paths) = (texts(&arrays[0])?, texts(&arrays[1])?);
    let fields: StringArray = (0..records.len())
        .map(|row| field_text(get(&records, row)?, get(&paths, row)?))
        .collect();
    Ok(Arc::new(fields))
}

fn exact_numbers(array: &ArrayRef) -> Result<ArrayRef> {
    let texts = texts(array)?;
    let mut numbers = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        let text = get(&texts, row).unwrap_or_default().trim();
        if text.is_empty() {
            numbers.push(None);
            continue;
        }
        let Some(number) = exact_number(text) else {
            let shown: String = text.chars().take(40).collect();
            return Err(wrong(format!(
                "`{shown}` is no exact number of at most {EXACT_SCALE} decimals"
            )));
        };
        numbers.push(Some(number));
    }
    let array = Decimal128Array::from(numbers).with_precision_and_scale(PRECISION, EXACT_SCALE)?;
    Ok(Arc::new(array))
}

/// The number of a text, scaled by 10¹², or nothing where it is none, or has more decimals.
fn exact_number(text: &str) -> Option<i128> {
    let is_plain = text.bytes().all(|letter| {
        letter.is_ascii_digit() || matches!(letter, b'.' | b'-' | b'+' | b'e' | b'E')
    });
    if !is_plain || text.starts_with('+') {
        return None;
    }
    let number = if text.contains(['e', 'E']) {
        Decimal::from_scientific(text).ok()?
    } else {
        Decimal::from_str_exact(text).ok()?
    };
    let number = number.normalize();
    let missing = u32::try_from(EXACT_SCALE)
        .ok()?
        .checked_sub(number.scale())?;
    number.mantissa().checked_mul(10_i128.checked_pow(missing)?)
}

fn rounded(arrays: &[ArrayRef], kind: &DataType) -> Result<ArrayRef> {
    let amounts = cast(&arrays[0], kind)?;
    let amounts = amounts.as_primitive::<Decimal128Type>();
    let DataType::Decimal128(precision, scale) = *kind else {
        return exec_err!("round_money gives a decimal");
    };
    let currencies = texts(&arrays[1])?;
    let modes = arrays.get(2).map(texts).transpose()?;
    let mut known: Option<(String, u32)> = None;
    let mut answers = Vec::with_capacity(amounts.len());
    for row in 0..amounts.len() {
        let Some(code) = get(&currencies, row).filter(|_| !amounts.is_null(row)) else {
            answers.push(None);
            continue;
        };
        let exponent = match &known {
            Some((last, exponent)) if last == code => *exponent,
            _ => match code.parse::<Currency>() {
                Ok(currency) => {
                    known = Some((code.to_owned(), currency.exponent()));
                    currency.exponent()
                }
                Err(error) => return Err(wrong(format!("round_money: {error}"))),
            },
        };
        let mode = modes
            .as_ref()
            .map_or(Some("half_up"), |modes| get(modes, row));
        let strategy = match mode {
            Some("half_up") => RoundingStrategy::MidpointAwayFromZero,
            Some("half_even") => RoundingStrategy::MidpointNearestEven,
            Some("down") => RoundingStrategy::ToZero,
            other => {
                let shown = other.unwrap_or("null");
                return Err(wrong(format!(
                    "round_money rounds 'half_up', 'half_even' or 'down', not '{shown}'"
                )));
            }
        };
        answers.push(Some(round_unscaled(
            amounts.value(row),
            scale,
            exponent,
            strategy,
        )));
    }
    let array = Decimal128Array::from(answers).with_precision_and_scale(precision, scale)?;
    Ok(Arc::new(array))
}

/// Rounds an unscaled number of `scale` decimals to `exponent` of them, and keeps its scale.
fn round_unscaled(unscaled: i128, scale: i8, exponent: u32, strategy: RoundingStrategy) -> i128 {
    let Some(dropped) = u32::try_from(scale)
        .ok()
        .and_then(|scale| scale.checked_sub(exponent))
    else {
        return unscaled;
    };
    // More digits than 38 are in no decimal of the engine.
    let unit = 10_i128.pow(dropped.min(38));
    let (whole, rest) = (unscaled / unit, unscaled % unit);
    let half = (rest.unsigned_abs() * 2).cmp(&unit.unsigned_abs());
    let away = match (strategy, half) {
        (RoundingStrategy::ToZero, _) | (_, std::cmp::Ordering::Less) => false,
        (_, std::cmp::Ordering::Greater) | (RoundingStrategy::MidpointAwayFromZero, _) => true,
        _ => whole % 2 != 0,
    };
    let step = if away { rest.signum() } else { 0 };
    (whole + step) * unit
}

/// A field of a JSON text by its dotted path: a text as it is, of anything else its JSON.
fn field_text(json: &str, path: &str) -> Option<String> {
    let mut rest: &str = json;
    for name in path.split('.') {
        let mut parser = serde_json::Deserializer::from_str(rest);
        rest = Field(name).deserialize(&mut parser).ok()??.get();
    }
    if rest == "null" {
        return None;
    }
    if rest.starts_with('"') {
        return serde_json::from_str(rest).ok();
    }
    Some(rest.to_owned())
}

/// Reads one field of an object, or one element of a list, and passes over the others.
struct Field<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Self::Value, D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Field<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if key == self.0 {
                found = Some(map.next_value::<&'de RawValue>()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let wanted: Option<usize> = self.0.parse().ok();
        let (mut at, mut found) = (0, None);
        while let Some(element) = list.next_element::<&'de RawValue>()? {
            if Some(at) == wanted {
                found = Some(element);
            }
            at += 1;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: fields are found by their path with their own digits. Method: a nested record.
    #[test]
    fn fields_keep_their_digits() {
        let json = r#"{"a":{"b":[1,2.50]},"n":1.10,"t":"x \"y\"","z":null,"e":8E-7}"#;
        for (path, text) in [
            ("n", Some("1.10")),
            ("a.b.1", Some("2.50")),
            ("t", Some("x \"y\"")),
            ("z", None),
            ("a.c", None),
            ("n.x", None),
            ("e", Some("8E-7")),
        ] {
            assert_eq!(field_text(json, path).as_deref(), text, "{path}");
        }
    }

    // Goal: only what can be kept exactly is a number. Method: texts and their number times 10¹².
    #[test]
    fn numbers_are_exact_or_refused() {
        for (text, number) in [
            ("1.5", Some(1_500_000_000_000)),
            ("-0.00000080000", Some(-800_000)),
            ("8E-7", Some(800_000)),
            ("1e3", Some(1_000_000_000_000_000)),
            ("0.0000000000001", None),
            ("1,5", None),
            ("NULL", None),
            ("+1", None),
        ] {
            assert_eq!(exact_number(text), number, "{text}");
        }
    }

    // Goal: each mode rounds as it is named, also below zero. Method: halves on both sides.
    #[test]
    fn money_is_rounded_as_named() {
        use RoundingStrategy::{MidpointAwayFromZero, MidpointNearestEven, ToZero};
        for (cents_of_ten, up, even, down) in [
            (1005, 1010, 1000, 1000),
            (1015, 1020, 1020, 1010),
            (-1005, -1010, -1000, -1000),
            (1006, 1010, 1010, 1000),
            (1004, 1000, 1000, 1000),
        ] {
            assert_eq!(round_unscaled(cents_of_ten, 3, 2, MidpointAwayFromZero), up);
            assert_eq!(
                round_unscaled(cents_of_ten, 3, 2, MidpointNearestEven),
                even
            );
            assert_eq!(round_unscaled(cents_of_ten, 3, 2, ToZero), down);
            assert_eq!(round_unscaled(cents_of_ten, 3, 3, ToZero), cents_of_ten);
        }
    }
}
