//! One typed record, in the order of its entity's columns.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::digest::Absorbed;
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
    /// Of two that were changed at one instant, the one with the larger digest counts.
    pub fn digest(&self) -> [u8; 16] {
        let raw = self.raw.as_deref().unwrap_or_default();
        self.absorbed_values().version(raw)
    }

    fn absorbed_values(&self) -> Absorbed {
        let mut absorbed = Absorbed::default();
        for (column, value) in self.entity.columns().zip(&self.values) {
            if column.name == "updated_at" {
                continue;
            }
            match value {
                None => absorbed.absent(),
                Some(Value::Text(text)) => absorbed.text(text),
                Some(Value::List(texts)) => {
                    absorbed.list(texts.len());
                    for text in texts {
                        absorbed.text(text);
                    }
                }
                Some(Value::Decimal(number)) => absorbed.decimal(*number),
                Some(Value::Date(day)) => absorbed.date(*day),
                Some(Value::Instant(instant)) => absorbed.instant(instant.as_microsecond()),
                Some(Value::Bool(flag)) => absorbed.flag(*flag),
            }
        }
        absorbed
    }
}
