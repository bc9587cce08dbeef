//! From a key column of a batch to numbers, with as little work for each row as its encoding allows.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, StringArray, StringViewArray, UInt32Array,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::arrow::error::ArrowError;

use super::leg::mixed;
use super::lexicon::{INLINE, Lexicon, hash_of};
use super::view_numbers::ViewNumbers;

/// The number of a dictionary's value that was not asked for yet.
const UNKNOWN: u32 = u32::MAX - 1;
/// Values that are found without hashing, by the upper bits of a product.
const NEAR_SLOTS: usize = 256;
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The values of one column of a batch as texts.
pub(super) enum TextColumn {
    Plain(StringArray),
    View(StringViewArray),
    /// Texts by index. An index is 0 where the row is null.
    Indexed {
        indexes: Vec<usize>,
        nulls: Option<NullBuffer>,
        values: ArrayRef,
    },
}

impl TextColumn {
    /// Any column: what is no text becomes one as a cast in SQL spells it.
    pub(super) fn of(array: &ArrayRef) -> Result<Self, ArrowError> {
        match array.data_type() {
            DataType::Utf8 => Ok(Self::Plain(array.as_string::<i32>().clone())),
            DataType::Utf8View => Ok(Self::View(array.as_string_view().clone())),
            DataType::Dictionary(_, _) => {
                let dictionary = array.as_any_dictionary();
                let is_empty = dictionary.values().is_empty();
                Ok(Self::Indexed {
                    // Without values all rows are null.
                    indexes: if is_empty {
                        vec![0; array.len()]
                    } else {
                        dictionary.normalized_keys()
                    },
                    nulls: dictionary.keys().nulls().cloned(),
                    values: as_text(dictionary.values())?,
                })
            }
            DataType::Date32 => {
                let days = array.as_primitive::<Date32Type>().values();
                Self::distinct(array, days.iter().map(|day| i64::from(*day)))
            }
            DataType::Int32 => {
                let numbers = array.as_primitive::<Int32Type>().values();
                Self::distinct(array, numbers.iter().map(|number| i64::from(*number)))
            }
            DataType::Int64 => {
                let numbers = array.as_primitive::<Int64Type>().values();
                Self::distinct(array, numbers.iter().copied())
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                let instants = array.as_primitive::<TimestampMicrosecondType>().values();
                Self::distinct(array, instants.iter().copied())
            }
            _ => Ok(Self::Plain(
                cast(array, &DataType::Utf8)?.as_string::<i32>().clone(),
            )),
        }
    }

    /// Spells each value once, however many rows have it.
    fn distinct(array: &ArrayRef, values: impl Iterator<Item = i64>) -> Result<Self, ArrowError> {
        let mut near: [Option<(i64, u32)>; NEAR_SLOTS] = [None; NEAR_SLOTS];
        let mut far: HashMap<i64, u32> = HashMap::new();
        let mut first_rows: Vec<u32> = Vec::new();
        let mut indexes = Vec::with_capacity(array.len());
        for (row, value) in (0_u32..).zip(values) {
            let slot = (value.cast_unsigned().wrapping_mul(SPREAD) >> 56) as usize;
            let index = match near[slot] {
                Some((known, index)) if known == value => index,
                _ => *far.entry(value).or_insert_with(|| {
                    first_rows.push(row);
                    u32::try_from(first_rows.len()).unwrap_or(u32::MAX) - 1
                }),
            };
            near[slot] = Some((value, index));
            indexes.push(index as usize);
        }
        // A value that only null rows have may be among them: nobody reads it.
        let spelled = take(array, &UInt32Array::from(first_rows), None)?;
        Ok(Self::Indexed {
            indexes,
            nulls: array.nulls().cloned(),
            values: cast(&spelled, &DataType::Utf8)?,
        })
    }

    /// The text of a row.
    pub(super) fn get(&self, row: usize) -> Option<&str> {
        match self {
            Self::Plain(texts) => (!texts.is_null(row)).then(|| texts.value(row)),
            Self::View(texts) => (!texts.is_null(row)).then(|| texts.value(row)),
            Self::Indexed {
                indexes,
                nulls,
                values,
            } => {
                let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
                (!is_null).then(|| value_at(values, indexes[row])).flatten()
            }
        }
    }
}

fn as_text(values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match values.data_type() {
        DataType::Utf8 => Ok(Arc::clone(values)),
        _ => cast(values, &DataType::Utf8),
    }
}

fn value_at(values: &ArrayRef, index: usize) -> Option<&str> {
    let texts = values.as_string_opt::<i32>()?;
    (index < texts.len() && !texts.is_null(index)).then(|| texts.value(index))
}

/// One key column over all legs.
pub(super) struct KeyColumn {
    pub(super) lexicon: Lexicon,
    /// What a row without a value has.
    absent: String,
    /// The values of the last batch, and the numbers of those that were asked for.
    known: Option<(ArrayRef, Vec<u32>)>,
    views: ViewNumbers,
}

impl KeyColumn {
    pub(super) fn new(absent: &str, bytes_max: usize) -> Self {
        Self {
            lexicon: Lexicon::new(bytes_max),
            absent: absent.to_owned(),
            known: None,
            views: ViewNumbers::default(),
        }
    }

    /// The text that a row has in this column.
    pub(super) fn text<'t>(&'t self, column: &'t TextColumn, row: usize) -> &'t str {
        column.get(row).unwrap_or(&self.absent)
    }

    /// Puts the number of each row into `numbers`.
    pub(super) fn number(&mut self, column: &TextColumn, numbers: &mut Vec<u32>) {
        numbers.clear();
        let absent = self.lexicon.number(&self.absent);
        match column {
            TextColumn::Plain(texts) => {
                let number =
                    |text: Option<&str>| text.map_or(absent, |text| self.lexicon.number(text));
                numbers.extend(texts.iter().map(number));
            }
            TextColumn::View(texts) => {
                self.views.number(texts, &mut self.lexicon, |number| {
                    numbers.push(number.unwrap_or(absent));
                });
            }
            TextColumn::Indexed {
                indexes,
                nulls,
                values,
            } => {
                let mut known = self.known_numbers(values);
                for index in indexes.iter().copied() {
                    let slot = known.get(index).copied().unwrap_or(UNKNOWN);
                    if slot != UNKNOWN {
                        numbers.push(slot);
                        continue;
                    }
                    let text = value_at(values, index);
                    let new = text.map_or(absent, |text| self.lexicon.number(text));
                    if let Some(slot) = known.get_mut(index) {
                        *slot = new;
                    }
                    numbers.push(new);
                }
                if let Some(nulls) = nulls.as_ref().filter(|nulls| nulls.null_count() > 0) {
                    for (number, is_valid) in numbers.iter_mut().zip(nulls) {
                        *number = if is_valid { *number } else { absent };
                    }
                }
                self.known = Some((Arc::clone(values), known));
            }
        }
    }

    /// Mixes the texts of those rows into their hashes that have no number.
    pub(super) fn mix_inline(&self, column: &TextColumn, numbers: &[u32], hashes: &mut [u64]) {
        for (row, (number, hash)) in numbers.iter().zip(hashes).enumerate() {
            if *number == INLINE {
                *hash = mixed(*hash, hash_of(self.text(column, row)));
            }
        }
    }

    /// The numbers of a dictionary's values: batches of one row group share one dictionary.
    fn known_numbers(&mut self, values: &ArrayRef) -> Vec<u32> {
        match self.known.take() {
            Some((known, numbers)) if is_same(&known, values) => numbers,
            other => {
                let mut numbers = other.map(|(_, numbers)| numbers).unwrap_or_default();
                numbers.clear();
                numbers.resize(values.len(), UNKNOWN);
                numbers
            }
        }
    }
}

fn is_same(base: &ArrayRef, peer: &ArrayRef) -> bool {
    Arc::ptr_eq(base, peer) || base.to_data().ptr_eq(&peer.to_data())
}
