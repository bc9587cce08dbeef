//! Names that are resolved by a function over maps in memory, each of them once.
//!
//! A name comes again and again. What it stands for is kept by its number, in blocks of text that the
//! answers of all batches share, so that an answer costs a view and no copy.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, StringArray, StringViewArray, StringViewBuilder,
};
use datafusion::arrow::buffer::Buffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::fold::{INLINE, Lexicon, ViewNumbers};

/// What a source's record calls something, and what it is called everywhere.
pub(super) type Resolve = dyn Fn(&str, Option<&str>) -> String + Send + Sync;

/// Memory for the names of one thread, about.
const NAMES_BYTES_MAX: usize = 16 << 20;
/// Blocks that the answers of all batches share; beyond it they begin anew.
const BLOCKS_MAX: usize = 256;

/// `name(source, reference)`: texts or views of texts, and as such the answer.
pub(super) struct NameFunction {
    name: String,
    signature: Signature,
    resolve: Arc<Resolve>,
    idle: Mutex<Vec<KnownNames>>,
}

impl NameFunction {
    pub(super) fn new(name: &str, resolve: Arc<Resolve>) -> Self {
        Self {
            name: name.to_owned(),
            signature: Signature::string(2, Volatility::Immutable),
            resolve,
            idle: Mutex::default(),
        }
    }

    fn take_idle(&self) -> KnownNames {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop().unwrap_or_else(KnownNames::new)
    }

    fn give_back(&self, names: KnownNames) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(names);
    }
}

impl fmt::Debug for NameFunction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NameFunction {}", self.name)
    }
}

/// Two functions are one when they resolve by the same maps.
impl PartialEq for NameFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.resolve, &other.resolve)
    }
}

impl Eq for NameFunction {}

impl Hash for NameFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for NameFunction {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(if arguments.contains(&DataType::Utf8View) {
            DataType::Utf8View
        } else {
            DataType::Utf8
        })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let mut names = self.take_idle();
        let answers = names.resolve_all(&arrays, self.resolve.as_ref());
        self.give_back(names);
        let answers: ArrayRef = Arc::new(answers?);
        let kind = arguments.return_field.data_type();
        Ok(ColumnarValue::Array(if answers.data_type() == kind {
            answers
        } else {
            cast(&answers, kind)?
        }))
    }
}

/// Where an answer stands: its block, and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    block: u32,
    start: u32,
    length: u32,
}

/// The names that one thread has met.
struct KnownNames {
    sources: Column,
    references: Column,
    /// By the number of the source, then by that of the reference; absent until it is asked for. The
    /// first one is that of a row without a reference.
    places: Vec<Vec<Option<Place>>>,
    blocks: Vec<Buffer>,
    /// The end of the last block, which is not closed yet.
    open: Vec<u8>,
}

struct Column {
    lexicon: Lexicon,
    views: ViewNumbers,
}

impl Column {
    fn new() -> Self {
        Self {
            lexicon: Lexicon::new(NAMES_BYTES_MAX),
            views: ViewNumbers::default(),
        }
    }

    /// The number of every row's text, plus one; 0 of a row without any, and `None` of a text for
    /// which there is no room.
    fn numbers(&mut self, names: &Names) -> Vec<Option<usize>> {
        let told = |number: Option<u32>| match number {
            None => Some(0),
            Some(INLINE) => None,
            Some(number) => Some(number as usize + 1),
        };
        match names {
            Names::Views(array) => {
                let mut numbers = Vec::with_capacity(array.len());
                self.views.number(array, &mut self.lexicon, |number| {
                    numbers.push(told(number));
                });
                numbers
            }
            Names::Texts(array) => array
                .iter()
                .map(|text| told(text.map(|text| self.lexicon.number(text))))
                .collect(),
        }
    }
}

/// One argument.
enum Names {
    Texts(StringArray),
    Views(StringViewArray),
}

impl Names {
    fn of(array: &ArrayRef) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Utf8View => Self::Views(array.as_string_view().clone()),
            DataType::Utf8 => Self::Texts(array.as_string().clone()),
            _ => Self::Texts(cast(array, &DataType::Utf8)?.as_string().clone()),
        })
    }

    fn get(&self, row: usize) -> Option<&str> {
        match self {
            Self::Texts(array) => (!array.is_null(row)).then(|| array.value(row)),
            Self::Views(array) => (!array.is_null(row)).then(|| array.value(row)),
        }
    }
}

impl KnownNames {
    fn new() -> Self {
        Self {
            sources: Column::new(),
            references: Column::new(),
            places: Vec::new(),
            blocks: Vec::new(),
            open: Vec::new(),
        }
    }

    fn resolve_all(&mut self, arrays: &[ArrayRef], resolve: &Resolve) -> Result<StringViewArray> {
        let (sources, references) = (Names::of(&arrays[0])?, Names::of(&arrays[1])?);
        if self.blocks.len() >= BLOCKS_MAX {
            *self = Self::new();
        }
        let source_numbers = self.sources.numbers(&sources);
        let reference_numbers = self.references.numbers(&references);
        let mut places = Vec::with_capacity(arrays[0].len());
        for (row, numbers) in source_numbers
            .into_iter()
            .zip(reference_numbers)
            .enumerate()
        {
            let known = match numbers {
                (Some(source), Some(reference)) => self.slot(source, reference),
                _ => None,
            };
            if let Some(Some(place)) = known {
                places.push(*place);
                continue;
            }
            let source = sources.get(row).unwrap_or_default();
            let reference = references.get(row);
            let place = self.keep(&resolve(source, reference));
            if let (Some(source), Some(reference)) = numbers
                && let Some(slot) = self.slot(source, reference)
            {
                *slot = Some(place);
            }
            places.push(place);
        }
        if !self.open.is_empty() {
            self.blocks
                .push(Buffer::from(std::mem::take(&mut self.open)));
        }
        let mut builder = StringViewBuilder::with_capacity(places.len());
        for block in &self.blocks {
            builder.append_block(block.clone());
        }
        for place in places {
            builder.try_append_view(place.block, place.start, place.length)?;
        }
        Ok(builder.finish())
    }

    fn slot(&mut self, source: usize, reference: usize) -> Option<&mut Option<Place>> {
        if self.places.len() <= source {
            self.places.resize(source + 1, Vec::new());
        }
        let of_source = self.places.get_mut(source)?;
        if of_source.len() <= reference {
            of_source.resize((reference + 1).next_power_of_two(), None);
        }
        of_source.get_mut(reference)
    }

    fn keep(&mut self, text: &str) -> Place {
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let place = Place {
            block: narrow(self.blocks.len()),
            start: narrow(self.open.len()),
            length: narrow(text.len()),
        };
        self.open.extend_from_slice(text.as_bytes());
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: every row has the answer of its own names, whatever came before and however they are
    // encoded. Method: batches of names that repeat within and over batches, nulls among them.
    #[test]
    fn every_row_has_its_own_answer() {
        let resolve = |source: &str, reference: Option<&str>| {
            format!("{source} / {}", reference.unwrap_or("nothing"))
        };
        let mut names = KnownNames::new();
        for batch in 0..40 {
            let source = |row: usize| {
                if row.is_multiple_of(3) {
                    "crm"
                } else {
                    "billing"
                }
            };
            let reference = |row: usize| {
                (!row.is_multiple_of(7))
                    .then(|| format!("a reference of a length {}", row * batch % 50))
            };
            let sources: StringArray = (0..100).map(|row| Some(source(row))).collect();
            let references: StringViewArray = (0..100).map(reference).collect();
            let arrays: [ArrayRef; 2] = [Arc::new(sources), Arc::new(references)];
            let answers = names.resolve_all(&arrays, &resolve).unwrap();
            for row in 0..100 {
                let expected = resolve(source(row), reference(row).as_deref());
                assert_eq!(answers.value(row), expected, "{batch} {row}");
            }
        }
    }
}
