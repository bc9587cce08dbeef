//! All columns of one entity with their rules: a record goes in, a canonical one comes out, or the
//! reason why not.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::places::Places;
use super::rule::{ColumnRule, Misfit};
use super::units::Units;
use crate::canonical::{Cell, Entity, Reject, misfit_of};
use crate::config::{FieldMap, FieldTable};
use crate::currency::Currency;
use crate::sources::connector::Repeats;
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
    /// The currency of the company.
    pub(in crate::sources) currency: Currency,
    /// The vendor's own exponents of minor units, by currency.
    pub(in crate::sources) minor_units: BTreeMap<String, u32>,
}

/// The rules of one entity.
#[derive(Debug)]
pub(in crate::sources) struct Mapping {
    entity: Entity,
    books: Arc<Books>,
    rules: Vec<ColumnRule>,
    places: Places,
    /// What a repeated id means; without it, versions of one record.
    pub(in crate::sources) repeats: Option<Repeats>,
}

/// A record that fits.
#[derive(Debug)]
pub(in crate::sources) struct Mapped<'r> {
    /// Its cells, in the order of the entity's columns.
    pub(in crate::sources) cells: Vec<Option<Cell<'r>>>,
    /// The record as the source gave it, as compact JSON text.
    pub(in crate::sources) raw: Cow<'r, str>,
    /// Where the id stands among them.
    pub(in crate::sources) id_at: usize,
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
                .enumerate()
                .find(|(_, column)| column.name == name)
                .ok_or_else(|| format!("{entity} has no column `{name}`"))?;
            if name != "source" {
                rules.push(ColumnRule::new(column, rule.table())?);
            }
        }
        Ok(Self {
            entity,
            books,
            rules,
            places: Places::of(entity),
            repeats: None,
        })
    }

    /// What the records are records of.
    pub(in crate::sources) fn entity(&self) -> Entity {
        self.entity
    }

    /// Every column with its rule.
    pub(super) fn tables(&self) -> impl Iterator<Item = (&'static str, &FieldTable)> {
        let rules = self.rules.iter();
        rules.map(|rule| (rule.column.name, &rule.table))
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
        let own = |rule: &ColumnRule| rule.table.all_paths().all(|path| path.starts_with("^."));
        self.rule_of(column).is_some_and(own)
    }

    /// The text of one column alone, such as the id of a record that does not land.
    pub(in crate::sources) fn text_of(&self, column: &str, scope: Scope<'_>) -> Option<String> {
        match self.cell_of(column, scope)? {
            Cell::Text(text) => Some(text.into_owned()),
            _ => None,
        }
    }

    /// The record's own stamp.
    pub(in crate::sources) fn stamp_of(&self, scope: Scope<'_>) -> Option<Timestamp> {
        match self.cell_of("updated_at", scope)? {
            Cell::Instant(instant) => Some(instant),
            _ => None,
        }
    }

    fn cell_of<'r>(&'r self, column: &str, scope: Scope<'r>) -> Option<Cell<'r>> {
        let mut units = Units::default();
        let rule = self.rule_of(column)?;
        rule.read(scope, &self.books, &mut units).ok()?.cell
    }

    fn rule_of(&self, column: &str) -> Option<&ColumnRule> {
        self.rules.iter().find(|rule| rule.column.name == column)
    }

    /// Maps one record. `origin` says where it stood; `now` stands in for an absent `updated_at`.
    pub(super) fn map<'r>(
        &'r self,
        scope: Scope<'r>,
        origin: &dyn Fn() -> String,
        now: Timestamp,
        units: &mut Units,
    ) -> Result<Mapped<'r>, Box<Reject>> {
        let mut cells: Vec<Option<Cell<'r>>> = Vec::new();
        cells.resize_with(self.entity.columns().count(), || None);
        let mut unmapped = None;
        let mut misfit: Option<(&str, Misfit)> = None;
        for rule in &self.rules {
            match rule.read(scope, &self.books, units) {
                Ok(reading) => {
                    if let Some(cell) = cells.get_mut(rule.at) {
                        *cell = reading.cell;
                    }
                    unmapped = unmapped.or(reading.unmapped);
                }
                Err(found) => misfit = misfit.or(Some((rule.column.name, found))),
            }
        }
        let defaults = [
            (self.places.updated_at, Cell::Instant(now)),
            (self.places.deleted, Cell::Bool(false)),
        ];
        for (at, otherwise) in defaults {
            if let Some(cell @ None) = cells.get_mut(at) {
                *cell = Some(otherwise);
            }
        }
        if let Some(cell) = cells.get_mut(self.places.source) {
            *cell = Some(Cell::of(&self.books.source));
        }
        let missing = || {
            let name = self.places.missing(&cells)?;
            Some((name, Misfit::new(None, "is missing")))
        };
        let outsized = || {
            let (name, reason) = misfit_of(self.entity, &cells)?;
            Some((name, Misfit::new(None, reason)))
        };
        if let Some((field, found)) = misfit.or_else(missing).or_else(outsized) {
            let id = cells.get(self.places.id).and_then(Option::as_ref);
            let id = id.and_then(Cell::text).map(str::to_owned);
            return Err(Box::new(self.reject(scope, id, origin(), field, found)));
        }
        Ok(Mapped {
            cells,
            id_at: self.places.id,
            raw: scope.record.compact(),
            unmapped,
        })
    }

    /// A record that cannot even be looked at, as a whole.
    pub(in crate::sources) fn refuse(
        &self,
        scope: Scope<'_>,
        origin: String,
        field: &str,
        reason: &str,
    ) -> Reject {
        let id = self.text_of("id", scope);
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
            text: misfit.text.as_deref().map(cut),
            reason: misfit.reason,
            raw: scope.record.to_text(),
        }
    }
}

/// A field's text as it is told.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{Record, Value};
    use crate::sources::json::parse;

    fn books() -> Arc<Books> {
        Arc::new(Books {
            source: "billing".into(),
            zone: TimeZone::get("America/New_York").unwrap(),
            currency: "EUR".parse().unwrap(),
            minor_units: BTreeMap::from([("ISK".to_owned(), 2)]),
        })
    }

    fn map_one(entity: Entity, rules: &str, record: &str) -> Result<Record, Box<Reject>> {
        let map: FieldMap = toml::from_str(rules).unwrap();
        let mapping = Mapping::new(entity, &map, books()).unwrap();
        let record = parse(record).unwrap();
        let origin = || "a test".to_owned();
        mapping
            .map(
                Scope::of(record.root()),
                &origin,
                Timestamp::UNIX_EPOCH,
                &mut Units::default(),
            )
            .map(|mapped| record_of(entity, mapped))
    }

    fn record_of(entity: Entity, mapped: Mapped<'_>) -> Record {
        let mut record = Record::empty(entity);
        record.values = mapped
            .cells
            .into_iter()
            .map(|cell: Option<Cell<'_>>| cell.map(Cell::into_value))
            .collect();
        record
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
                &mut Units::default(),
            )
            .unwrap();
        assert_eq!(mapped.unmapped.as_deref(), Some("odd"));
        let status = Some(&Value::Text("unmapped:odd".into()));
        assert_eq!(record_of(Entity::Payments, mapped).get("status"), status);
    }

    #[test]
    fn sums_discounts_signs_lists_and_constants() {
        let rules = r#"
            id = "id"
            number = { from = ["number", "id"] }
            account_id = "customer"
            issued_on = { from = "day", add_days = 1 }
            currency = { value = "USD" }
            net = { from = "amount", less = ["discounts.*.amount", "more"], negative = true }
            tax = { from = "taxes.*.amount", sum = true }
            total = "amount"
            balance = { from = "due", instead = [{ when = "part", is = "y", value = "1" }, { when = "state", is = "void", value = "0" }] }
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
    fn second_rules_cases_and_the_company_s_currency() {
        let rules = r#"
            id = "id"
            number = "id"
            account_id = "customer"
            issued_on = { from = "issued", day_only = true }
            due_on = { from = "due", absent = "1900-01-01T00:00:00", naive = true }
            currency = { from = "currency", value = "{company_currency}" }
            total = { from = "cents", minor_units_of = "currency", or = { from = "amount" } }
            balance = { from = "paid", otherwise = "0", or = { from = "amount" } }
            status = { from = "paid", cases = { no = "open" }, otherwise = "paid", value = "draft" }
        "#;
        let minor = r#"{"id":"i","customer":"c","issued":"2026-11-01T00:00:00Z","cents":150,
            "currency":"USD","due":"2026-12-01T00:00:00.5","paid":"2026-11-02"}"#;
        let mapped = map_one(Entity::Invoices, rules, minor).unwrap();
        assert_eq!(mapped.decimal("total").unwrap().to_string(), "1.5");
        assert_eq!(mapped.date("issued_on").unwrap().to_string(), "2026-11-01");
        assert_eq!(mapped.date("due_on").unwrap().to_string(), "2026-12-01");
        assert_eq!(mapped.decimal("balance").unwrap().to_string(), "0");
        assert_eq!(mapped.text("status"), Some("paid"));
        let plain = r#"{"id":"i","customer":"c","issued":"2026-11-01","amount":2,
            "due":"1900-01-01T00:00:00"}"#;
        let mapped = map_one(Entity::Invoices, rules, plain).unwrap();
        assert_eq!(mapped.decimal("total").unwrap().to_string(), "2");
        assert_eq!(mapped.text("currency"), Some("EUR"));
        assert_eq!(mapped.date("due_on"), None);
        assert_eq!(mapped.decimal("balance").unwrap().to_string(), "2");
        assert_eq!(mapped.text("status"), Some("draft"));
    }

    #[test]
    fn instants_without_an_offset_or_in_dotnet_s_spelling_and_prices_of_many_units() {
        let rules = r#"
            id = "id"
            account_id = "id"
            sku = "id"
            currency = { value = "USD" }
            quantity = "units"
            unit_price = { from = "price", per = "units", or = { value = "0" } }
            starts_on = { from = "from", day_only = true }
            ends_on = { from = "to", day_only = true, add_days = 1 }
            updated_at = { from = ["at", "stamp"], naive = true, zone = "UTC" }
            closed_on = { from = "closed", epoch = "dotnet" }
        "#;
        let record = r#"{"id":"c","units":23,"price":506.0,"from":"2026-11-01T00:00:00",
            "to":"2026-11-30T00:00:00Z","at":"2026-11-20T23:58:41.35",
            "closed":"/Date(1793491200000+0000)/"}"#;
        let mapped = map_one(Entity::Contracts, rules, record).unwrap();
        assert_eq!(mapped.decimal("unit_price").unwrap().to_string(), "22");
        let instant = |name: &str| mapped.instant(name).unwrap().to_string();
        assert_eq!(instant("starts_on"), "2026-11-01T04:00:00Z");
        assert_eq!(instant("ends_on"), "2026-12-01T05:00:00Z");
        assert_eq!(instant("updated_at"), "2026-11-20T23:58:41.35Z");
        // Midnight in UTC is still the day before in New York.
        assert_eq!(mapped.date("closed_on").unwrap().to_string(), "2026-10-31");
        let odd = r#"{"id":"c","units":0,"price":1,"from":"2026-11-01",
            "stamp":"2026-11-20T15:58:41-08:00","closed":"/Date(-1)/"}"#;
        let mapped = map_one(Entity::Contracts, rules, odd).unwrap();
        assert_eq!(mapped.decimal("unit_price").unwrap().to_string(), "0");
        let stamp = mapped.instant("updated_at").unwrap();
        assert_eq!(stamp.to_string(), "2026-11-20T23:58:41Z");
        let third = r#"{"id":"c","units":3,"price":1,"from":"2026-11-01","closed":"/Date(x)/"}"#;
        let reject = map_one(Entity::Contracts, rules, third).unwrap_err();
        assert_eq!(reject.field, "closed_on");
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
