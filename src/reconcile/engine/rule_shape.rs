//! Whether the queries of a rule's legs can be asked, and which columns they yield.

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;

use super::rule_query::{LegQuery, LegShape, RuleQuery};
use super::session::Session;

/// What is wrong with a leg, before it is known where that stands in a file.
#[derive(Debug)]
pub(crate) struct LegFault {
    /// Which of the leg's keys it is about: `sql`, `out_of_scope`, `period_column`; none where it is
    /// about the leg as a whole.
    pub(crate) key: Option<&'static str>,
    /// The word of its text that is wrong.
    pub(crate) word: Option<String>,
    /// Names that are known in place of the word.
    pub(crate) known: Vec<String>,
    /// What is wrong.
    pub(crate) message: String,
    /// Whether a column is missing or of a wrong type; else the text is no query.
    pub(crate) is_column: bool,
}

impl Session {
    /// The columns of a leg, or what is wrong with it.
    pub(crate) async fn leg_shape(
        &self,
        query: &RuleQuery<'_>,
        leg: &LegQuery,
    ) -> Result<LegShape, LegFault> {
        let schema = self.schema_of(&leg.sql, "sql").await?;
        for column in query.key {
            find(&schema, column)?;
        }
        for measure in &query.measures {
            if let Ok(field) = schema.field_with_name(measure.name) {
                let kind = field.data_type();
                let is_exact = kind.is_integer()
                    || matches!(kind, DataType::Decimal128(_, _) | DataType::Null);
                if !is_exact {
                    return Err(LegFault {
                        word: Some(measure.name.to_owned()),
                        message: format!(
                            "column `{}` must be an exact decimal, found: {kind}; cast it, or use exact()",
                            measure.name
                        ),
                        ..LegFault::of_column()
                    });
                }
            }
        }
        if let Some(condition) = &leg.out_of_scope {
            let asked = format!(
                "select ({condition}) as answer from ({}) as leg_rows",
                leg.sql
            );
            let kind = self.kind_of(&asked, "out_of_scope").await?;
            if !matches!(kind, DataType::Boolean | DataType::Null) {
                return Err(LegFault {
                    key: Some("out_of_scope"),
                    message: format!("a condition is true or false, found: {kind}"),
                    ..LegFault::of_column()
                });
            }
        }
        let mut period_kind = None;
        if let Some(column) = &leg.period {
            let asked = format!("select {column} as answer from ({}) as leg_rows", leg.sql);
            let kind = self.kind_of(&asked, "period_column").await?;
            let is_time = matches!(
                kind,
                DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) | DataType::Null
            ) || kind.is_string();
            if !is_time {
                return Err(LegFault {
                    key: Some("period_column"),
                    message: format!("a period is told by a date or an instant, found: {kind}"),
                    ..LegFault::of_column()
                });
            }
            period_kind = Some(kind);
        }
        Ok(LegShape::new(&schema, period_kind.as_ref()))
    }

    async fn kind_of(&self, sql: &str, key: &'static str) -> Result<DataType, LegFault> {
        let schema = self.schema_of(sql, key).await?;
        Ok(schema
            .field_with_name("answer")
            .map_or(DataType::Null, |field| field.data_type().clone()))
    }

    async fn schema_of(&self, sql: &str, key: &'static str) -> Result<Schema, LegFault> {
        let read_only = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let frame = self.context.sql_with_options(sql, read_only).await;
        let frame = frame.map_err(|error| LegFault::of_query(&error, key))?;
        Ok(frame.schema().as_arrow().clone())
    }
}

fn find(schema: &Schema, column: &str) -> Result<(), LegFault> {
    if schema.field_with_name(column).is_ok() {
        return Ok(());
    }
    Err(LegFault {
        word: Some(column.to_owned()),
        known: schema
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect(),
        message: format!("it has no column `{column}`"),
        ..LegFault::of_column()
    })
}

impl LegFault {
    /// A fault of a column, to be filled.
    pub(crate) fn of_column() -> Self {
        Self {
            key: None,
            word: None,
            known: Vec::new(),
            message: String::new(),
            is_column: true,
        }
    }

    fn of_query(error: &DataFusionError, key: &'static str) -> Self {
        let mut fault = Self {
            key: Some(key),
            is_column: false,
            ..Self::of_column()
        };
        match error.find_root() {
            DataFusionError::SchemaError(schema, _) => {
                if let SchemaError::FieldNotFound {
                    field,
                    valid_fields,
                } = schema.as_ref()
                {
                    fault.word = Some(field.name.clone());
                    fault.known = valid_fields.iter().map(|one| one.name.clone()).collect();
                    fault.message = format!("there is no column `{}`", field.name);
                } else {
                    fault.message = schema.to_string();
                }
            }
            root => {
                let text = root.to_string();
                match missing_table(&text) {
                    Some(table) => {
                        fault.message = format!("there is no table `{table}` among `entities`");
                        fault.word = Some(table);
                    }
                    None => fault.message = text.split_whitespace().collect::<Vec<_>>().join(" "),
                }
            }
        }
        fault
    }
}

/// The table that the engine could not find, as its message names it.
fn missing_table(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("table '")?;
    let (name, _) = rest.split_once("' not found")?;
    name.rsplit('.').next().map(str::to_owned)
}
