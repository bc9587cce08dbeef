//! One typed record, in the order of its entity's columns.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::entity::Entity;

/// A typed value. Absent is `None` in a [`Record`], never a value of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, also a currency's code.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
    /// An exact number.
    Decimal(Decimal),
    /// A civil date.
    Date(Date),
    /// An instant.
    Instant(Timestamp),
    /// True or false.
    Bool(bool),
}

/// One version of one record of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is a record of.
    pub entity: Entity,
    /// Its values, in the order of [`Entity::columns`]; `None` is absent.
    pub values: Vec<Option<Value>>,
    /// The record as the source gave it, as JSON text.
    pub raw: Option<String>,
    /// When it was extracted; set by the landing, and `None` before.
    pub extracted_at: Option<Timestamp>,
}

impl Record {
    /// A record of nothing but absent values.
    pub fn empty(entity: Entity) -> Self {
        Self {
            entity,
            values: vec![None; entity.columns().count()],
            raw: None,
            extracted_at: None,
        }
    }

    /// The value of a column; `None` when it is absent or the entity has no such column.
    pub fn get(&self, column: &str) -> Option<&Value> {
        self.values.get(self.entity.index_of(column)?)?.as_ref()
    }

    /// Sets a column; has no effect where the entity has no such column.
    pub fn set(&mut self, column: &str, value: Option<Value>) {
        if let Some(slot) = self
            .entity
            .index_of(column)
            .and_then(|at| self.values.get_mut(at))
        {
            *slot = value;
        }
    }

    /// The text of a column.
    pub fn text(&self, column: &str) -> Option<&str> {
        match self.get(column)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The texts of a list column; empty where it is absent.
    pub fn list(&self, column: &str) -> &[String] {
        match self.get(column) {
            Some(Value::List(texts)) => texts,
            _ => &[],
        }
    }

    /// The number of a column.
    pub fn decimal(&self, column: &str) -> Option<Decimal> {
        match self.get(column)? {
            Value::Decimal(number) => Some(*number),
            _ => None,
        }
    }

    /// The date of a column.
    pub fn date(&self, column: &str) -> Option<Date> {
        match self.get(column)? {
            Value::Date(day) => Some(*day),
            _ => None,
        }
    }

    /// The instant of a column.
    pub fn instant(&self, column: &str) -> Option<Timestamp> {
        match self.get(column)? {
            Value::Instant(instant) => Some(*instant),
            _ => None,
        }
    }

    /// The source's name; empty only in a record that no source made.
    pub fn source(&self) -> &str {
        self.text("source").unwrap_or_default()
    }

    /// The id within the source.
    pub fn id(&self) -> &str {
        self.text("id").unwrap_or_default()
    }

    /// `source:id`, unique over all sources within the entity.
    pub fn key(&self) -> String {
        format!("{}:{}", self.source(), self.id())
    }

    /// Whether this version says that the record is gone.
    pub fn is_deleted(&self) -> bool {
        matches!(self.get("deleted"), Some(Value::Bool(true)))
    }

    /// A digest of all that the source said: every value but `updated_at`, and the raw record.
    /// Two versions with one digest are the same version.
    pub fn digest(&self) -> [u8; 16] {
        let mut hasher = self.hashed_values();
        absorb(
            &mut hasher,
            7,
            self.raw.as_deref().unwrap_or_default().as_bytes(),
        );
        first_half(&hasher)
    }

    /// A digest of the typed values alone, but `updated_at`: what crossfoot reads of the record.
    pub fn values_digest(&self) -> [u8; 16] {
        first_half(&self.hashed_values())
    }

    fn hashed_values(&self) -> blake3::Hasher {
        let mut hasher = blake3::Hasher::new();
        for (column, value) in self.entity.columns().zip(&self.values) {
            if column.name == "updated_at" {
                continue;
            }
            match value {
                None => hasher.update(&[0]),
                Some(Value::Text(text)) => absorb(&mut hasher, 1, text.as_bytes()),
                Some(Value::List(texts)) => {
                    hasher.update(&[2]);
                    hasher.update(&(texts.len() as u64).to_le_bytes());
                    for text in texts {
                        absorb(&mut hasher, 1, text.as_bytes());
                    }
                    &mut hasher
                }
                Some(Value::Decimal(number)) => {
                    absorb(&mut hasher, 3, number.normalize().to_string().as_bytes())
                }
                Some(Value::Date(day)) => absorb(&mut hasher, 4, day.to_string().as_bytes()),
                Some(Value::Instant(instant)) => {
                    absorb(&mut hasher, 5, &instant.as_microsecond().to_le_bytes())
                }
                Some(Value::Bool(flag)) => hasher.update(&[6, u8::from(*flag)]),
            };
        }
        hasher
    }
}

fn first_half(hasher: &blake3::Hasher) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    digest
}

fn absorb<'h>(hasher: &'h mut blake3::Hasher, tag: u8, bytes: &[u8]) -> &'h mut blake3::Hasher {
    hasher.update(&[tag]);
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes)
}
