//! From a rule's legs to queries of the engine, and from what the engine says is wrong with one to its
//! place in the file.

use std::path::Path;

use jiff::tz::TimeZone;

use crate::canonical::{Entity, LANDING_COLUMNS};
use crate::config::{Problem, Problems, nearest_name, read_toml};
use crate::currency::Currency;
use crate::period::Period;
use crate::reconcile::engine::{
    LegFault, LegQuery, LegShape, MeasureQuery, RuleQuery, Session, instant,
};
use crate::reconcile::error::ReconcileError;

use super::file::{LegRows, RuleFile, RuleLeg};
use super::measure::{Absent, Aggregate};
use super::naming::{UNIT_COLUMNS, unknown};
use super::text::RuleText;

/// How the columns of an entity leg are called that say which rows are compared.
const PERIOD: &str = "crossfoot_period";
const LEFT_OUT: &str = "crossfoot_left_out";

/// How the rows of a rule are cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut<'a> {
    pub(super) period: Period,
    pub(super) zone: &'a TimeZone,
    pub(super) currency: Currency,
}

impl Cut<'_> {
    /// An SQL text with the bounds of the period in place of their names.
    fn filled(&self, text: &str) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        let (starts_at, ends_at) = self.period.bounds(self.zone);
        text.replace(
            "{period_start}",
            &format!("date '{}'", self.period.first_day()),
        )
        .replace("{period_end}", &format!("date '{}'", self.period.end_day()))
        .replace("{period_starts_at}", &instant(starts_at))
        .replace("{period_ends_at}", &instant(ends_at))
    }
}

/// The query of a rule.
pub(super) fn query<'a>(rule: &'a RuleFile, cut: Cut<'a>) -> Result<RuleQuery<'a>, ReconcileError> {
    let legs = rule.legs.iter().map(|leg| leg_query(rule, leg, &cut));
    Ok(RuleQuery {
        legs: legs.collect::<Result<_, _>>()?,
        key: &rule.key,
        measures: rule
            .measures
            .iter()
            .map(|measure| MeasureQuery {
                name: &measure.name,
                is_sum: measure.aggregate == Aggregate::Sum,
                is_zero: measure.absent == Absent::Zero,
            })
            .collect(),
        fields: &rule.fields,
        period: cut.period,
        zone: cut.zone,
        lag_days: rule.lag_days,
        default_currency: cut.currency,
    })
}

/// The columns of every leg, proven to be those that the rule asks for.
pub(super) async fn shapes(
    session: &Session,
    rule: &RuleFile,
    query: &RuleQuery<'_>,
) -> Result<Vec<LegShape>, ReconcileError> {
    let mut shapes: Vec<LegShape> = Vec::new();
    for (leg, asked) in rule.legs.iter().zip(&query.legs) {
        let shape = session.leg_shape(query, asked).await;
        shapes.push(shape.map_err(|fault| at_place(rule, leg, fault))?);
    }
    for column in ["account", "sku"] {
        let has = |at: usize| shapes[at].has(column);
        let lacking = (0..shapes.len()).find(|at| !has(*at));
        if let Some(at) = lacking.filter(|_| (0..shapes.len()).any(has)) {
            return Err(lacks(rule, at, column, &shapes[at]));
        }
    }
    for one in &rule.comparisons {
        let measures = one.measures.iter().map(|(at, _)| &rule.measures[*at].name);
        let fields = one.fields.iter().map(|(at, _)| &rule.fields[*at]);
        let sure = measures
            .filter(|_| one.has_sure_measures)
            .chain(fields.filter(|_| one.has_sure_fields));
        for column in sure {
            for at in [one.base, one.peer] {
                if !shapes[at].has(column) {
                    return Err(lacks(rule, at, column, &shapes[at]));
                }
            }
        }
    }
    let in_both = |column: &str| {
        rule.comparisons
            .iter()
            .any(|one| shapes[one.base].has(column) && shapes[one.peer].has(column))
    };
    let measures = rule.measures.iter().filter(|one| !one.is_optional);
    let columns = measures.map(|one| &one.name).chain(&rule.fields);
    let mut missing = columns.filter(|column| !in_both(column));
    let Some(column) = missing.next() else {
        return Ok(shapes);
    };
    let lacking: Vec<usize> = (0..shapes.len())
        .filter(|at| !shapes[*at].has(column))
        .collect();
    // The leg that spells it otherwise is the one to be told of.
    let otherwise = lacking
        .iter()
        .find(|at| near_column(rule, column, &shapes[**at]).is_some());
    let at = otherwise.or(lacking.last()).copied().unwrap_or_default();
    Err(lacks(rule, at, column, &shapes[at]))
}

/// The column of a leg that is spelled nearly as one that is asked for, and is asked for by nothing.
fn near_column(rule: &RuleFile, column: &str, shape: &LegShape) -> Option<String> {
    let is_asked = |name: &str| {
        UNIT_COLUMNS.contains(&name)
            || rule.key.iter().any(|key| key == name)
            || rule.fields.iter().any(|field| field == name)
            || rule.measures.iter().any(|measure| measure.name == name)
    };
    let others = shape.columns.iter().map(String::as_str);
    nearest_name(column, others.filter(|name| !is_asked(name)))
}

fn lacks(rule: &RuleFile, at: usize, column: &str, shape: &LegShape) -> ReconcileError {
    let leg = &rule.legs[at];
    let message = match leg.rows {
        LegRows::Sql(_) => format!("leg `{}` yields no column `{column}`", leg.name),
        LegRows::Entity { entity, .. } => format!(
            "leg `{}` has no column `{column}`, and {entity} has none of that name: say it under \
             `columns`",
            leg.name
        ),
    };
    let message = match near_column(rule, column, shape) {
        Some(near) => format!("{message}: did you mean `{near}`?"),
        None => message,
    };
    let fault = LegFault {
        word: Some(column.to_owned()),
        message,
        ..LegFault::of_column()
    };
    at_place(rule, leg, fault)
}

fn leg_query(rule: &RuleFile, leg: &RuleLeg, cut: &Cut<'_>) -> Result<LegQuery, ReconcileError> {
    let filled = |text: &Option<String>| text.as_ref().map(|text| cut.filled(text));
    Ok(match &leg.rows {
        LegRows::Sql(sql) => LegQuery {
            sql: cut.filled(sql),
            out_of_scope: filled(&leg.out_of_scope),
            period: leg.period_column.clone(),
        },
        LegRows::Entity {
            entity,
            columns,
            condition,
        } => LegQuery {
            sql: cut.filled(&entity_rows(
                rule,
                leg,
                *entity,
                columns,
                condition.as_deref(),
            )?),
            out_of_scope: leg.out_of_scope.as_ref().map(|_| LEFT_OUT.to_owned()),
            period: leg.period_column.as_ref().map(|_| PERIOD.to_owned()),
        },
    })
}

/// The rows of an entity as a query that yields what the rule asks for, as far as the entity has it.
fn entity_rows(
    rule: &RuleFile,
    leg: &RuleLeg,
    entity: Entity,
    columns: &[(String, String)],
    condition: Option<&str>,
) -> Result<String, ReconcileError> {
    let given = |name: &str| {
        let text = columns.iter().find(|(column, _)| column == name);
        text.map(|(_, expression)| format!("({expression})"))
    };
    let own = |name: &str| {
        let mut names = entity.columns().chain(LANDING_COLUMNS);
        names
            .any(|column| column.name == name)
            .then(|| name.to_owned())
    };
    let account = match entity {
        Entity::Accounts => Some("golden_account(source, id)".to_owned()),
        _ => own("account_id").map(|column| format!("golden_account(source, {column})")),
    };
    let sku = own("sku").map(|column| format!("canonical_sku(source, {column})"));
    let mut selected: Vec<String> = [
        ("account", account),
        ("sku", sku),
        ("currency", own("currency")),
    ]
    .into_iter()
    .filter_map(|(name, default)| Some(format!("{} as {name}", given(name).or(default)?)))
    .collect();
    for key in &rule.key {
        let Some(expression) = given(key).or_else(|| own(key)) else {
            let names: Vec<&str> = entity.columns().map(|column| column.name).collect();
            let fault = LegFault {
                word: Some(key.clone()),
                known: names.into_iter().map(str::to_owned).collect(),
                message: format!(
                    "{entity} has no column `{key}` of the key: say it under `columns`"
                ),
                ..LegFault::of_column()
            };
            return Err(at_place(rule, leg, fault));
        };
        selected.push(format!("{expression} as {key}"));
    }
    let measures = rule.measures.iter().map(|measure| &measure.name);
    for name in measures.chain(&rule.fields) {
        if let Some(expression) = given(name).or_else(|| own(name)) {
            selected.push(format!("{expression} as {name}"));
        }
    }
    if let Some(period) = &leg.period_column {
        selected.push(format!("({period}) as {PERIOD}"));
    }
    if let Some(left_out) = &leg.out_of_scope {
        selected.push(format!("({left_out}) as {LEFT_OUT}"));
    }
    let mut conditions = Vec::new();
    if !leg.sources.is_empty() {
        let names: Vec<String> = leg
            .sources
            .iter()
            .map(|name| format!("'{}'", name.replace('\'', "''")))
            .collect();
        conditions.push(format!("source in ({})", names.join(", ")));
    }
    conditions.extend(condition.map(|text| format!("({text})")));
    let filter = if conditions.is_empty() {
        String::new()
    } else {
        format!(" where {}", conditions.join(" and "))
    };
    Ok(format!(
        "select {} from {entity}{filter}",
        selected.join(", ")
    ))
}

/// What is wrong with a leg, at its place in the rule's file, with the nearest known name.
fn at_place(rule: &RuleFile, leg: &RuleLeg, fault: LegFault) -> ReconcileError {
    let near = fault.word.as_ref().and_then(|word| {
        nearest_name(
            word,
            fault
                .known
                .iter()
                .map(String::as_str)
                .filter(|name| name != word),
        )
    });
    let message = match (near, fault.known.is_empty()) {
        (Some(near), _) => format!("{}: did you mean `{near}`?", fault.message),
        (None, false) => {
            let hidden = [PERIOD, LEFT_OUT];
            let names: Vec<&str> = fault
                .known
                .iter()
                .map(String::as_str)
                .filter(|name| !hidden.contains(name))
                .collect();
            format!("{}; it has {}", fault.message, names.join(", "))
        }
        (None, true) => fault.message,
    };
    let problem = match read_toml::<RuleText>(&rule.text) {
        Ok((_, places)) => {
            let mut path: Vec<&str> = leg.place.iter().map(String::as_str).collect();
            // Of an entity leg the engine only knows the query that was made of it.
            let key = match leg.rows {
                LegRows::Sql(_) => fault.key.or(fault.word.as_ref().map(|_| "sql")),
                LegRows::Entity { .. } => fault.key.filter(|key| *key != "sql"),
            };
            if key == Some("period_column") && !leg.has_own_period {
                path = vec!["period_column"];
            } else {
                path.extend(key);
            }
            match (&fault.word, &leg.rows) {
                (Some(word), LegRows::Sql(_)) => places.problem_within(&path, word, &message),
                (Some(word), LegRows::Entity { columns, .. }) => {
                    let column = columns
                        .iter()
                        .find(|(_, text)| text.contains(word.as_str()));
                    if let Some((column, _)) = column {
                        path.extend(["columns", column.as_str()]);
                    }
                    places.problem_within(&path, word, &message)
                }
                (None, _) => places.problem(&path, &message),
            }
        }
        Err(_) => Problem::at(&rule.text, None, &message),
    };
    let problems = Problems {
        subject: "the rule",
        path: Path::new(&rule.file).to_owned(),
        problems: vec![problem],
    };
    ReconcileError::RuleLeg {
        rule: rule.name.clone(),
        leg: leg.name.clone(),
        is_column: fault.is_column,
        source: Box::new(problems),
    }
}

/// Tells the sources that a leg names and the configuration has not.
pub(super) fn unknown_source(rule: &RuleFile, known: &[&str]) -> Option<ReconcileError> {
    let (leg, source) = rule.legs.iter().find_map(|leg| {
        let source = leg
            .sources
            .iter()
            .find(|name| !known.contains(&name.as_str()))?;
        Some((leg, source))
    })?;
    let fault = LegFault {
        key: Some("sources"),
        message: unknown("source", source, known.iter().copied()),
        ..LegFault::of_column()
    };
    Some(at_place(rule, leg, fault))
}
