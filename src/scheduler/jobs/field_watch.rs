//! Watches the fields of the records that come: a new one is told once, and one that is read and has
//! vanished is told as loudly as `[source.x] drift` says.
//!
//! A part of the records is looked at, since fields come and go for all of them: the first ones of
//! the pull, and then one in many. That a column is empty in all records is looked at in all.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray};
use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::canonical::Entity;
use crate::config::Drift;
use crate::env::Env;
use crate::fault::{Failure, Fault, Retry};
use crate::sources::{MappedField, MappedPage};
use crate::store::KnownField;

/// Records of a pull that are looked at in any case: more than it takes to be sure that a field is
/// gone.
const FIRST_RECORDS: u64 = 256;
/// Of the others one in so many, and of those behind the first thousands one in so many more.
const ONE_IN: u64 = 64;
const MANY_RECORDS: u64 = 16_384;
const ONE_OF_MANY_IN: u64 = 512;
/// Fields of one record that are looked at, at the most.
const FIELDS_MAX: usize = 512;
/// New fields that a warning names.
const NAMED_MAX: usize = 8;
/// How sure it is that a field is gone: so many records lack it, of a field that so many percent of
/// the earlier records had. Chance alone does this less often than once in ten thousand pulls.
const VANISHED: [(u64, u64); 4] = [(95, 5), (80, 8), (50, 16), (20, 48)];

/// The code of a pull that failed because fields vanished: no other source is touched by it.
pub(super) const VANISHED_CODE: &str = "XF-J106";

/// A field that is read and that no record has any more.
#[derive(Debug, thiserror::Error)]
#[error("fields that are read have vanished: {0}")]
struct DriftError(String);

impl Fault for DriftError {
    fn code(&self) -> &'static str {
        VANISHED_CODE
    }

    fn retry(&self) -> Retry {
        Retry::NextRun
    }

    fn hint(&self) -> Option<String> {
        Some(
            "read the new field by [source.x.map.<entity>], or set drift = \"warn\" for the source \
             where the field is meant to be gone"
                .into(),
        )
    }

    fn effect(&self) -> Option<String> {
        Some("nothing of this pull is committed".into())
    }
}

/// What the looked-at records of one entity had.
#[derive(Debug, Default)]
struct Sample {
    /// Records that came, and those of them that were looked at.
    came: u64,
    records: u64,
    fields: BTreeMap<String, u64>,
    /// Columns with a value in any record.
    columns: BTreeSet<&'static str>,
}

/// The fields of one pull.
#[derive(Debug)]
pub(super) struct FieldWatch {
    source: String,
    drift: Drift,
    mapped: Vec<MappedField>,
    known: BTreeMap<(Entity, String), KnownField>,
    samples: BTreeMap<Entity, Sample>,
}

/// What a pull's fields say.
#[derive(Debug, Default)]
pub(super) struct FieldNews {
    /// What a person should know.
    pub(super) warnings: Vec<String>,
    /// Why the source is partial.
    pub(super) gap: Option<String>,
    /// What is known now.
    pub(super) fields: Vec<KnownField>,
}

impl FieldWatch {
    /// Begins with what is known of the fields of some entities.
    pub(super) async fn begin(
        env: &Env,
        source: &str,
        entities: &[Entity],
        mapped: Vec<MappedField>,
    ) -> Result<Self, Failure> {
        let known = env.store.known_fields(source).await?;
        let known = known
            .into_iter()
            .filter(|field| entities.contains(&field.entity));
        let config = env.config.source.get(source);
        Ok(Self {
            source: source.to_owned(),
            drift: config.map(|config| config.drift).unwrap_or_default(),
            mapped,
            known: known
                .map(|field| ((field.entity, field.path.clone()), field))
                .collect(),
            samples: BTreeMap::new(),
        })
    }

    /// Looks at a page.
    pub(super) fn note(&mut self, page: &MappedPage) {
        for batch in &page.batches {
            let sample = self.samples.entry(batch.entity()).or_default();
            for column in batch.entity().columns() {
                let array = batch.batch().column_by_name(column.name);
                if array.is_some_and(|array| array.null_count() < array.len()) {
                    sample.columns.insert(column.name);
                }
            }
            let raws = batch.batch().column_by_name("raw");
            let raws = raws.and_then(|array| array.as_string_opt::<i32>());
            let Some(raws) = raws else { continue };
            for row in (0..raws.len()).filter(|row| raws.is_valid(*row)) {
                if sample.is_next_looked_at() {
                    sample.add(raws.value(row));
                }
            }
        }
    }

    /// What is to be said at the end; an error where the pull is to fail.
    pub(super) fn finish(self, at: Timestamp) -> Result<FieldNews, Failure> {
        let mut news = FieldNews::default();
        let mut vanished = Vec::new();
        let mut added = Vec::new();
        for (entity, sample) in &self.samples {
            if sample.records == 0 {
                continue;
            }
            let is_first = !self.known.keys().any(|(known, _)| known == entity);
            vanished.extend(self.vanished(*entity, sample));
            for (path, count) in &sample.fields {
                let key = (*entity, path.clone());
                if !is_first && !self.known.contains_key(&key) {
                    added.push(format!("{entity} `{path}`"));
                }
                let former = self.known.get(&key);
                news.fields.push(KnownField {
                    source: self.source.clone(),
                    entity: *entity,
                    path: path.clone(),
                    first_seen_at: former.map_or(at, |former| former.first_seen_at),
                    last_seen_at: at,
                    records: former.map_or(0, |former| former.records) + sample.records,
                    present: former.map_or(0, |former| former.present) + count,
                });
            }
            let unseen = self
                .known
                .iter()
                .filter(|((known, path), _)| known == entity && !sample.fields.contains_key(path));
            // What is told as vanished keeps its standing, so that it is told until it is mended.
            news.fields.extend(
                unseen
                    .filter(|(_, field)| !has_vanished(field, sample))
                    .map(|(_, field)| KnownField {
                        records: field.records + sample.records,
                        ..field.clone()
                    }),
            );
        }
        if !added.is_empty() {
            let more = added.len().saturating_sub(NAMED_MAX);
            added.truncate(NAMED_MAX);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            news.warnings.push(format!(
                "new fields, kept in the raw records: {}{more}",
                added.join(", ")
            ));
        }
        if vanished.is_empty() {
            return Ok(news);
        }
        let told = vanished.join("; ");
        match self.drift {
            Drift::Fail => return Err(DriftError(told).into()),
            Drift::Partial => news.gap = Some(told),
            Drift::Warn => news.warnings.push(told),
        }
        Ok(news)
    }

    /// The fields that are read, were there, and are in no record now.
    fn vanished(&self, entity: Entity, sample: &Sample) -> Vec<String> {
        let of_entity = self.mapped.iter().filter(|field| field.entity == entity);
        let gone = of_entity.filter_map(|mapped| {
            let path = plain_part(&mapped.path)?;
            let known = self.known.get(&(entity, path.clone()))?;
            let is_gone = has_vanished(known, sample)
                && !sample.fields.contains_key(&path)
                && !sample.columns.contains(mapped.column);
            is_gone.then(|| {
                format!(
                    "field `{path}` of {entity}, which column `{}` is read from, is in none of the \
                     records any more; {} of {} earlier ones had it",
                    mapped.column, known.present, known.records
                )
            })
        });
        let mut told: Vec<String> = gone.collect();
        told.dedup();
        told
    }
}

/// Whether it is no chance that none of the records has a field.
fn has_vanished(known: &KnownField, sample: &Sample) -> bool {
    VANISHED.iter().any(|(percent, records)| {
        known.present.saturating_mul(100) >= known.records.saturating_mul(*percent)
            && sample.records >= *records
            && known.records >= *records
    })
}

impl Sample {
    /// Counts a record that came; says whether it is looked at.
    fn is_next_looked_at(&mut self) -> bool {
        let before = self.came;
        self.came += 1;
        let one_in = if before < MANY_RECORDS {
            ONE_IN
        } else {
            ONE_OF_MANY_IN
        };
        before < FIRST_RECORDS || before.is_multiple_of(one_in)
    }

    /// Counts the fields of a record: its own, and those of the objects in it.
    fn add(&mut self, raw: &str) {
        let Some(own) = fields_of(raw) else { return };
        self.records += 1;
        for (name, value) in own.iter().take(FIELDS_MAX) {
            *self.fields.entry(name.to_string()).or_default() += 1;
            for (inner, _) in fields_of(value.get()).iter().flatten().take(FIELDS_MAX) {
                *self.fields.entry(format!("{name}.{inner}")).or_default() += 1;
            }
        }
    }
}

fn fields_of(text: &str) -> Option<BTreeMap<Cow<'_, str>, &RawValue>> {
    text.starts_with('{')
        .then(|| serde_json::from_str(text).ok())
        .flatten()
}

/// The part of a path that names fields, two at the most: what stands behind a list or a condition is
/// not looked at, and neither is what a child reads from its parent.
fn plain_part(path: &str) -> Option<String> {
    let names: Vec<&str> = path
        .split('.')
        .take_while(|name| {
            let is_plain = |letter: char| letter.is_alphanumeric() || "_-: ".contains(letter);
            !name.is_empty() && name.chars().all(is_plain) && name.parse::<u32>().is_err()
        })
        .take(2)
        .collect();
    (!names.is_empty()).then(|| names.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(path: &str, present: u64) -> KnownField {
        KnownField {
            source: "erp".into(),
            entity: Entity::Invoices,
            path: path.into(),
            first_seen_at: Timestamp::UNIX_EPOCH,
            last_seen_at: Timestamp::UNIX_EPOCH,
            records: 100,
            present,
        }
    }

    fn watch(drift: Drift, fields: &[KnownField]) -> FieldWatch {
        let mapped = ["balance", "amount.value", "^.id", "lines.0.id"].map(|path| MappedField {
            entity: Entity::Invoices,
            column: if path == "balance" {
                "balance"
            } else {
                "total"
            },
            path: path.into(),
        });
        let known = fields
            .iter()
            .map(|field| ((field.entity, field.path.clone()), field.clone()));
        FieldWatch {
            source: "erp".into(),
            drift,
            mapped: mapped.to_vec(),
            known: known.collect(),
            samples: BTreeMap::new(),
        }
    }

    fn sampled(mut watch: FieldWatch, raw: &str, count: usize) -> FieldWatch {
        let sample = watch.samples.entry(Entity::Invoices).or_default();
        (0..count).for_each(|_| sample.add(raw));
        watch
    }

    // Goal: the first pull tells nothing, a new field is told once, a rare one that lacks is no news,
    // and one that was nearly always there and is read is told as the policy says. Method: a pull
    // after each state of knowledge.
    #[test]
    fn what_vanishes_is_told_by_policy() {
        let raw = r#"{"id":"i1","amount":{"value":"1"},"extra":[1]}"#;
        let at = Timestamp::from_second(9).unwrap();
        let first = sampled(watch(Drift::Partial, &[]), raw, 5)
            .finish(at)
            .unwrap();
        assert!(first.warnings.is_empty() && first.gap.is_none());
        let paths: Vec<&str> = first
            .fields
            .iter()
            .map(|field| field.path.as_str())
            .collect();
        assert_eq!(paths, ["amount", "amount.value", "extra", "id"]);

        let again = sampled(watch(Drift::Partial, &first.fields), raw, 5)
            .finish(at)
            .unwrap();
        assert!(again.warnings.is_empty());
        let mut more = first.fields.clone();
        more.retain(|field| field.path != "extra");
        let news = sampled(watch(Drift::Partial, &more), raw, 5)
            .finish(at)
            .unwrap();
        assert_eq!(
            news.warnings,
            ["new fields, kept in the raw records: invoices `extra`"]
        );

        let rare = sampled(watch(Drift::Partial, &[known("balance", 10)]), raw, 40).finish(at);
        assert_eq!(rare.unwrap().gap, None);
        let few = sampled(watch(Drift::Partial, &[known("balance", 100)]), raw, 4).finish(at);
        assert_eq!(few.unwrap().gap, None);
        let gone = [known("balance", 99)];
        let partial = sampled(watch(Drift::Partial, &gone), raw, 5)
            .finish(at)
            .unwrap();
        assert!(partial.gap.unwrap().contains("field `balance` of invoices"));
        let kept = partial.fields.iter().find(|field| field.path == "balance");
        assert!(kept.is_none(), "it keeps its standing until it is back");
        let warned = sampled(watch(Drift::Warn, &gone), raw, 5)
            .finish(at)
            .unwrap();
        assert_eq!((warned.gap, warned.warnings.len()), (None, 2));
        let failed = sampled(watch(Drift::Fail, &gone), raw, 5).finish(at);
        assert_eq!(failed.unwrap_err().code(), VANISHED_CODE);
        let mut filled = sampled(watch(Drift::Fail, &gone), raw, 5);
        let sample = filled.samples.entry(Entity::Invoices).or_default();
        sample.columns.insert("balance");
        assert!(filled.finish(at).is_ok(), "another field fills the column");
    }

    #[test]
    fn only_plain_names_are_looked_at() {
        assert_eq!(
            plain_part("properties.amount.x").as_deref(),
            Some("properties.amount")
        );
        assert_eq!(plain_part("items.0.price").as_deref(), Some("items"));
        assert_eq!(
            plain_part("emails.[type=primary].value").as_deref(),
            Some("emails")
        );
        assert_eq!(plain_part("^.id"), None);
        assert_eq!(plain_part("*.id"), None);
    }
}
