//! The rows that one unit of a rule is made of, each of them whole.

use crate::canonical::parse_decimal;
use crate::currency::Currency;
use crate::money::decimal_text;
use crate::reconcile::error::ReconcileError;

use super::columns::Texts;
use super::rule_query::{LegShape, NAMELESS, ORIGIN, RuleQuery};
use super::session::{Session, literal, next_batch};

const DOING: &str = "reading the rows of a unit";
/// How many rows of a leg are told, at most.
const ROWS_MAX: usize = 50;

/// Which unit is meant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnitName<'a> {
    pub(crate) account: &'a str,
    pub(crate) sku: &'a str,
    pub(crate) currency: Currency,
    /// What the unit is called by the rule's key: the source, where the key has one, and the id or the
    /// parts of the key with a slash between them.
    pub(crate) record: Option<(&'a str, &'a str)>,
}

/// A row of a leg.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LegRow {
    /// The source and id of the record that it is, where the leg tells them.
    pub(crate) origin: Option<(String, String)>,
    /// What the rule asks of it, by column; absent is not told.
    pub(crate) values: Vec<(String, String)>,
}

impl Session {
    /// The rows of a leg that are compared in a unit, at most 50 of them.
    pub(crate) async fn rule_unit_rows(
        &self,
        query: &RuleQuery<'_>,
        (at, shape): (usize, &LegShape),
        unit: UnitName<'_>,
    ) -> Result<Vec<LegRow>, ReconcileError> {
        let asked = asked(query, shape);
        let mut told = Vec::new();
        let sql = query.unit_rows(at, shape, unit, &asked);
        let mut stream = self.stream(&sql, DOING).await?;
        while let Some(batch) = next_batch(&mut stream, DOING).await? {
            let column = |name: &str| Texts::of(&batch, name);
            let origin = if ORIGIN.iter().all(|name| shape.has(name)) {
                Some((column("origin_0")?, column("origin_1")?))
            } else {
                None
            };
            let columns: Vec<Texts> = (0..asked.len())
                .map(|place| column(&format!("asked_{place}")))
                .collect::<Result<_, _>>()?;
            for row in 0..batch.num_rows() {
                let values = asked.iter().zip(&columns).filter_map(|(name, texts)| {
                    let text = texts.owned(row)?;
                    let is_figure = query.measures.iter().any(|one| one.name == name);
                    let figure = parse_decimal(&text).ok().filter(|_| is_figure);
                    Some((name.clone(), figure.map_or(text, decimal_text)))
                });
                told.push(LegRow {
                    origin: origin
                        .as_ref()
                        .and_then(|(source, id)| source.owned(row).zip(id.owned(row))),
                    values: values.collect(),
                });
            }
        }
        Ok(told)
    }
}

/// The columns of a leg that the rule asks for.
fn asked(query: &RuleQuery<'_>, shape: &LegShape) -> Vec<String> {
    let measures = query.measures.iter().map(|measure| measure.name);
    let fields = query.fields.iter().map(String::as_str);
    let mut names: Vec<String> = Vec::new();
    for name in ["account", "sku", "currency"]
        .into_iter()
        .chain(query.key.iter().map(String::as_str))
        .chain(measures)
        .chain(fields)
    {
        if shape.has(name) && names.iter().all(|known| known != name) {
            names.push(name.to_owned());
        }
    }
    names
}

impl RuleQuery<'_> {
    fn unit_rows(
        &self,
        at: usize,
        shape: &LegShape,
        unit: UnitName<'_>,
        asked: &[String],
    ) -> String {
        let leg = &self.legs[at];
        let text = |column: &str, otherwise: &str| {
            if shape.has(column) {
                format!(
                    "coalesce(cast({column} as varchar), {})",
                    literal(otherwise)
                )
            } else {
                literal(otherwise)
            }
        };
        let currency = self.default_currency.code();
        let mut conditions = vec![
            self.is_in(leg, shape),
            format!("{} = {}", text("account", NAMELESS), literal(unit.account)),
            format!("{} = {}", text("sku", NAMELESS), literal(unit.sku)),
            format!(
                "{} = {}",
                text("currency", currency),
                literal(unit.currency.code())
            ),
        ];
        if let Some((source, id)) = unit.record {
            let has = |name: &str| self.key.iter().any(|key| key == name);
            if has("source") {
                conditions.push(format!("{} = {}", text("source", ""), literal(source)));
            }
            let called = if has("id") {
                text("id", "")
            } else {
                let parts: Vec<String> = self.key.iter().map(|key| text(key, "")).collect();
                parts.join(" || '/' || ")
            };
            conditions.push(format!("({called}) = {}", literal(id)));
        }
        let mut columns: Vec<String> = asked
            .iter()
            .enumerate()
            .map(|(place, name)| format!("cast({name} as varchar) as asked_{place}"))
            .collect();
        for (place, name) in ORIGIN.iter().enumerate() {
            if shape.has(name) {
                columns.push(format!("cast({name} as varchar) as origin_{place}"));
            }
        }
        format!(
            "select {} from ({}) as leg_rows where {} limit {ROWS_MAX}",
            columns.join(", "),
            leg.sql,
            conditions.join(" and ")
        )
    }
}
