//! All columns of one entity with their rules: a record goes in, a canonical one comes out, or the
//! reason why not.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::rule::{ColumnRule, Misfit};
use crate::canonical::{Entity, Record, Reject, Value};
use crate::config::FieldMap;
use crate::sources::json::{Path, Scope};

/// A rejected field's text is cut here.
const TEXT_CHARS: usize = 200;

/// What the mapping of every record of a source needs to know.
#[derive(Debug)]
pub(in crate::sources) struct Books {
    /// The source's name in the configuration.
    pub(in crate::sources) source: String,
    /// The zone of the books.
    pub(in crate::sources) zone: TimeZone,
    /// The vendor's own exponents of minor units, by currency.
    pub(in crate::sources) minor_units: BTreeMap<String, u32>,
}

/// The rules of one entity.
#[derive(Debug)]
pub(in crate::sources) struct Mapping {
    entity: Entity,
    books: Arc<Books>,
    rules: Vec<ColumnRule>,
}

/// A record that fits.
#[derive(Debug)]
pub(in crate::sources) struct Mapped {
    /// The record.
    pub(in crate::sources) record: Record,
    /// The vendor's status, where the map does not know it.
    pub(in crate::sources) unmapped: Option<String>,
}

impl Mapping {
    /// Makes a field map ready. Fails with a sentence about the first rule that cannot be one.
    pub(in crate::sources) fn new(
        entity: Entity,
        map: &FieldMap,
        books: Arc<Books>,
    ) -> Result<Self, String> {
        let mut rules = Vec::new();
        for (name, rule) in map {
            let column = entity
                .columns()
                .find(|column| column.name == name)
                .ok_or_else(|| format!("{entity} has no column `{name}`"))?;
            if name != "source" {
                rules.push(ColumnRule::new(column, rule.table())?);
            }
        }
        Ok(Self {
            entity,
            books,
            rules,
        })
    }

    /// What the records are records of.
    pub(in crate::sources) fn entity(&self) -> Entity {
        self.entity
    }

    /// Every path that a rule looks at, as it is written.
    pub(in crate::sources) fn paths(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().flat_map(|rule| rule.table.all_paths())
    }

    /// The path that a column is read from, where it is read from one alone.
    pub(in crate::sources) fn path_of(&self, column: &str) -> Option<Path> {
        match self.rule_of(column)?.paths.as_slice() {
            [path] => Some(path.clone()),
            _ => None,
        }
    }

    /// Whether a column is read from the record's parent and from nothing else.
    pub(in crate::sources) fn reads_only_parent(&self, column: &str) -> bool {
        let own = |rule: &&ColumnRule| rule.table.all_paths().all(|path| path.starts_with("^."));
        self.rule_of(column).as_ref().is_some_and(own)
    }

    /// The text of one column alone, such as the id of a record that does not land.
    pub(in crate::sources) fn text_of(&self, column: &str, scope: Scope<'_>) -> Option<String> {
        match self.value_of(column, scope)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The record's own stamp.
    pub(in crate::sources) fn stamp_of(&self, scope: Scope<'_>) -> Option<Timestamp> {
        match self.value_of("updated_at", scope)? {
            Value::Instant(instant) => Some(instant),
            _ => None,
        }
    }

    fn value_of(&self, column: &str, scope: Scope<'_>) -> Option<Value> {
        self.rule_of(column)?.read(scope, &self.books).ok()?.value
    }

    fn rule_of(&self, column: &str) -> Option<&ColumnRule> {
        self.rules.iter().find(|rule| rule.column.name == column)
    }

    /// Maps one record. `origin` says where it stood; `now` stands in for an absent `updated_at`.
    pub(in crate::sources) fn map(
        &self,
        scope: Scope<'_>,
        origin: &dyn Fn() -> String,
        now: Timestamp,
    ) -> Result<Mapped, Box<Reject>> {
        let mut record = Record::empty(self.entity);
        let mut unmapped = None;
        let mut misfit: Option<(&str, Misfit)> = None;
        for rule in &self.rules {
            match rule.read(scope, &self.books) {
                Ok(reading) => {
                    record.set(rule.column.name, reading.value);
                    unmapped = unmapped.or(reading.unmapped);
                }
                Err(found) => misfit = misfit.or(Some((rule.column.name, found))),
            }
        }
        record.set("source", Some(Value::Text(self.books.source.clone())));
        if record.get("updated_at").is_none() {
            record.set("updated_at", Some(Value::Instant(now)));
        }
        if record.get("deleted").is_none() {
            record.set("deleted", Some(Value::Bool(false)));
        }
        let missing =
            || missing_column(&record).map(|name| (name, Misfit::new(None, "is missing")));
        let outsized = || {
            let (name, reason) = record.misfit()?;
            Some((name, Misfit::new(None, reason)))
        };
        if let Some((field, found)) = misfit.or_else(missing).or_else(outsized) {
            let id = record.text("id").map(str::to_owned);
            return Err(Box::new(self.reject(scope, id, origin(), field, found)));
        }
        record.raw = Some(scope.record.to_text());
        Ok(Mapped { record, unmapped })
    }

    /// A record that cannot even be looked at, as a whole.
    pub(in crate::sources) fn refuse(
        &self,
        scope: Scope<'_>,
        origin: String,
        field: &str,
        reason: &str,
    ) -> Reject {
        let id_path = self.rules.iter().find(|rule| rule.column.name == "id");
        let id = id_path
            .and_then(|rule| rule.paths.iter().find_map(|path| path.text(scope)))
            .map(str::to_owned);
        self.reject(scope, id, origin, field, Misfit::new(None, reason))
    }

    fn reject(
        &self,
        scope: Scope<'_>,
        id: Option<String>,
        origin: String,
        field: &str,
        misfit: Misfit,
    ) -> Reject {
        Reject {
            entity: self.entity,
            source: self.books.source.clone(),
            id,
            origin,
            field: field.to_owned(),
            text: misfit
                .text
                .map(|text| text.chars().take(TEXT_CHARS).collect()),
            reason: misfit.reason,
            raw: scope.record.to_text(),
        }
    }
}

/// The first column that the record must have and has not; a tombstone needs only its id.
fn missing_column(record: &Record) -> Option<&'static str> {
    let is_tombstone = record.is_deleted();
    record
        .entity
        .columns()
        .zip(&record.values)
        .filter(|(column, _)| column.required && (!is_tombstone || column.name == "id"))
        .find(|(_, value)| value.is_none())
        .map(|(column, _)| column.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::json::parse;

    fn books() -> Arc<Books> {
        Arc::new(Books {
            source: "billing".into(),
            zone: TimeZone::get("America/New_York").unwrap(),
            minor_units: BTreeMap::from([("ISK".to_owned(), 2)]),
        })
    }

    fn map_one(entity: Entity, rules: &str, record: &str) -> Result<Record, Box<Reject>> {
        let map: FieldMap = toml::from_str(rules).unwrap();
        let mapping = Mapping::new(entity, &map, books()).unwrap();
        let record = parse(record).unwrap();
        let origin = || "a test".to_owned();
        mapping
            .map(Scope::of(record.root()), &origin, Timestamp::UNIX_EPOCH)
            .map(|mapped| mapped.record)
    }

    const PAYMENT: &str = r#"
        id = "id"
        received_on = { from = "at", epoch = "s" }
        amount = { from = "amount", minor_units_of = "currency" }
        currency = { from = "currency", upper = true }
        status = { from = "status", cases = { paid = "succeeded" } }
    "#;

    #[test]
    fn minor_units_follow_the_currency_and_the_vendor() {
        for (currency, count, expected) in [
            ("usd", "50600", "506"),
            ("jpy", "55000", "55000"),
            ("kwd", "1230", "1.23"),
            ("isk", "500", "5"),
            ("usd", "0.5", "0.005"),
            ("usd", "-1", "-0.01"),
        ] {
            let record =
                format!(r#"{{"id":"p","at":1793491200,"amount":{count},"currency":"{currency}"}}"#);
            let mapped = map_one(Entity::Payments, PAYMENT, &record).unwrap();
            assert_eq!(
                mapped.decimal("amount").unwrap().to_string(),
                expected,
                "{currency}"
            );
            assert_eq!(
                mapped.date("received_on").unwrap().to_string(),
                "2026-10-31"
            );
        }
    }

    #[test]
    fn what_does_not_fit_is_rejected_with_its_field_and_text() {
        for (record, field, reason) in [
            (
                r#"{"id":"p","at":1,"amount":123456789012345678901234567890,"currency":"usd"}"#,
                "amount",
                "has more digits than can be kept exactly (18 before the point, 10 after it)",
            ),
            (
                r#"{"id":"p","at":1,"amount":true,"currency":"usd"}"#,
                "amount",
                "is true or false, not a decimal number",
            ),
            (
                r#"{"id":"p","at":1,"amount":1,"currency":"dem"}"#,
                "amount",
                "is no currency of ISO 4217",
            ),
            (
                r#"{"id":"p","at":1,"amount":null,"currency":"usd"}"#,
                "amount",
                "is missing",
            ),
            (
                r#"{"at":1,"amount":1,"currency":"usd"}"#,
                "id",
                "is missing",
            ),
            (
                r#"{"id":"p","at":"soon","amount":1,"currency":"usd"}"#,
                "received_on",
                "is no instant since 1970",
            ),
        ] {
            let reject = map_one(Entity::Payments, PAYMENT, record).unwrap_err();
            assert_eq!(
                (reject.field.as_str(), reject.reason.as_str()),
                (field, reason)
            );
            assert_eq!(reject.raw, record);
        }
    }

    #[test]
    fn an_unknown_status_lands_and_is_told() {
        let map: FieldMap = toml::from_str(PAYMENT).unwrap();
        let mapping = Mapping::new(Entity::Payments, &map, books()).unwrap();
        let record =
            parse(br#"{"id":"p","at":1,"amount":1,"currency":"usd","status":"odd"}"#).unwrap();
        let mapped = mapping
            .map(
                Scope::of(record.root()),
                &String::new,
                Timestamp::UNIX_EPOCH,
            )
            .unwrap();
        assert_eq!(mapped.unmapped.as_deref(), Some("odd"));
        assert_eq!(mapped.record.text("status"), Some("unmapped:odd"));
    }

    #[test]
    fn sums_discounts_signs_lists_and_constants() {
        let rules = r#"
            id = "id"
            number = { from = ["number", "id"] }
            account_id = "customer"
            issued_on = { from = "day", add_days = 1 }
            currency = { value = "USD" }
            net = { from = "amount", less = "discounts.*.amount", negate = true }
            tax = { from = "taxes.*.amount", sum = true }
            total = "amount"
            balance = { from = "due", instead = { when = "state", is = "void", value = "0" } }
            status = { from = ["state", "part"], join = ":", cases = { "void:x" = "void" } }
        "#;
        let record = r#"{"id":"i","customer":"c","day":"2026-01-31","amount":"10.00","due":"7",
            "discounts":[{"amount":1},{"amount":0.5}],"taxes":[],"state":"void","part":"x"}"#;
        let mapped = map_one(Entity::Invoices, rules, record).unwrap();
        assert_eq!(mapped.text("number"), Some("i"));
        assert_eq!(mapped.date("issued_on").unwrap().to_string(), "2026-02-01");
        assert_eq!(mapped.decimal("net").unwrap().to_string(), "-8.5");
        assert_eq!(mapped.decimal("tax").unwrap().to_string(), "0");
        assert_eq!(mapped.decimal("balance").unwrap().to_string(), "0");
        assert_eq!(mapped.text("status"), Some("void"));
        let accounts =
            "id = 'id'\nname = 'id'\nlinked_ids = { from = 'links', prefix = 'billing:' }";
        let linked = map_one(Entity::Accounts, accounts, r#"{"id":"a","links":"x; y"}"#).unwrap();
        assert_eq!(linked.list("linked_ids"), ["billing:x", "billing:y"]);
    }

    #[test]
    fn a_tombstone_needs_only_its_id() {
        let rules = "id = 'id'\nsku = 'sku'\ndeleted = 'gone'";
        assert!(
            map_one(Entity::Products, rules, r#"{"id":"p","gone":true}"#)
                .unwrap()
                .is_deleted()
        );
        assert!(map_one(Entity::Products, rules, r#"{"id":"p","gone":false}"#).is_err());
    }
}
