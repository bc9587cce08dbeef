//! The two legs of a rule file, added up to its units.

use rust_decimal::Decimal;

use datafusion::arrow::datatypes::DataType;
use datafusion::execution::context::SQLOptions;

use crate::currency::Currency;
use crate::period::Period;
use crate::reconcile::error::ReconcileError;

use super::columns::{Counts, Numbers, Texts};
use super::session::{Session, next_batch};

const DOING: &str = "adding up the legs of a rule";

/// The legs and how they are cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuleLegs<'a> {
    pub(crate) base_sql: &'a str,
    pub(crate) peer_sql: &'a str,
    pub(crate) key: &'a [String],
    pub(crate) period_column: Option<&'a str>,
    pub(crate) period: Period,
    pub(crate) default_currency: Currency,
}

/// One unit of a rule: rows and sums of both legs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleUnit {
    pub(crate) account: String,
    pub(crate) sku: String,
    pub(crate) currency: Currency,
    pub(crate) key: Vec<String>,
    pub(crate) base_rows: u64,
    pub(crate) peer_rows: u64,
    pub(crate) base_amount: Decimal,
    pub(crate) peer_amount: Decimal,
    pub(crate) base_quantity: Option<Decimal>,
    pub(crate) peer_quantity: Option<Decimal>,
}

impl RuleLegs<'_> {
    fn in_period(&self) -> String {
        self.period_column.map_or_else(
            || "true".to_owned(),
            |column| {
                format!(
                    "{column} >= date '{}' and {column} < date '{}'",
                    self.period.first_day(),
                    self.period.end_day()
                )
            },
        )
    }

    /// One leg with the columns of the union: its own measures, and none of the other leg's.
    fn leg(&self, sql: &str, is_base: bool, columns: &LegShape) -> String {
        let currency = self.default_currency;
        let text = |column: &str, otherwise: &str| {
            format!("coalesce(cast({column} as varchar), '{otherwise}')")
        };
        let currency_text = if columns.has_currency {
            text("currency", currency.code())
        } else {
            format!("'{currency}'")
        };
        let amount = "cast(amount as decimal(38, 10))";
        let quantity = if columns.has_quantity {
            "cast(quantity as decimal(38, 10))"
        } else {
            "cast(null as decimal(38, 10))"
        };
        let none = "cast(null as decimal(38, 10))";
        let (base, peer) = if is_base {
            ((1, amount, quantity), (0, none, none))
        } else {
            ((0, none, none), (1, amount, quantity))
        };
        let keys: String = self
            .key
            .iter()
            .enumerate()
            .map(|(at, column)| format!(", {} as key_{at}", text(column, "")))
            .collect::<Vec<_>>()
            .concat();
        format!(
            "select {} as account, {} as sku, {currency_text} as currency{keys}, \
             {} as base_rows, {} as peer_rows, {} as base_amount, {} as peer_amount, \
             {} as base_quantity, {} as peer_quantity from ({sql}) where {}",
            text("account", "(none)"),
            text("sku", "(none)"),
            base.0,
            peer.0,
            base.1,
            peer.1,
            base.2,
            peer.2,
            self.in_period()
        )
    }
}

struct LegShape {
    has_currency: bool,
    has_quantity: bool,
}

impl Session {
    /// Gives each unit of a rule to `take`, in the order of its key.
    pub(crate) async fn rule_units(
        &self,
        legs: &RuleLegs<'_>,
        mut take: impl FnMut(RuleUnit) -> Result<(), ReconcileError>,
    ) -> Result<(), ReconcileError> {
        let base = self.leg_shape(legs, legs.base_sql).await?;
        let peer = self.leg_shape(legs, legs.peer_sql).await?;
        let keys: String = (0..legs.key.len())
            .map(|at| format!(", key_{at}"))
            .collect::<Vec<_>>()
            .concat();
        let sql = format!(
            "select account, sku, currency{keys}, \
             sum(base_rows) as base_rows, sum(peer_rows) as peer_rows, \
             sum(base_amount) as base_amount, sum(peer_amount) as peer_amount, \
             sum(base_quantity) as base_quantity, sum(peer_quantity) as peer_quantity \
             from ({} union all {}) group by account, sku, currency{keys} \
             order by account, sku, currency{keys}",
            legs.leg(legs.base_sql, true, &base),
            legs.leg(legs.peer_sql, false, &peer),
        );
        let mut stream = self.stream(&sql, DOING).await?;
        while let Some(batch) = next_batch(&mut stream, DOING).await? {
            let accounts = Texts::of(&batch, "account")?;
            let skus = Texts::of(&batch, "sku")?;
            let currencies = Texts::of(&batch, "currency")?;
            let key_columns: Vec<Texts> = (0..legs.key.len())
                .map(|at| Texts::of(&batch, &format!("key_{at}")))
                .collect::<Result<_, _>>()?;
            let base_rows = Counts::of(&batch, "base_rows")?;
            let peer_rows = Counts::of(&batch, "peer_rows")?;
            let base_amounts = Numbers::of(&batch, "base_amount")?;
            let peer_amounts = Numbers::of(&batch, "peer_amount")?;
            let base_quantities = Numbers::of(&batch, "base_quantity")?;
            let peer_quantities = Numbers::of(&batch, "peer_quantity")?;
            for row in 0..batch.num_rows() {
                take(RuleUnit {
                    account: accounts.text(row),
                    sku: skus.text(row),
                    currency: currencies.currency(row)?,
                    key: key_columns.iter().map(|column| column.text(row)).collect(),
                    base_rows: base_rows.count(row),
                    peer_rows: peer_rows.count(row),
                    base_amount: base_amounts.number(row)?,
                    peer_amount: peer_amounts.number(row)?,
                    base_quantity: base_quantities.get(row)?,
                    peer_quantity: peer_quantities.get(row)?,
                })?;
            }
        }
        Ok(())
    }

    /// Rows of the base and of the peer leg: all of them, and those of other periods.
    pub(crate) async fn rule_row_counts(
        &self,
        legs: &RuleLegs<'_>,
    ) -> Result<[(u64, u64); 2], ReconcileError> {
        let mut counts = [(0, 0); 2];
        for (at, leg_sql) in [legs.base_sql, legs.peer_sql].into_iter().enumerate() {
            let sql = format!(
                "select count(*) as extracted, \
                 coalesce(sum(case when {} then 0 else 1 end), 0) as excluded from ({leg_sql})",
                legs.in_period()
            );
            for batch in self.collect(&sql, DOING).await? {
                let extracted = Counts::of(&batch, "extracted")?;
                let excluded = Counts::of(&batch, "excluded")?;
                for row in 0..batch.num_rows() {
                    counts[at] = (extracted.count(row), excluded.count(row));
                }
            }
        }
        Ok(counts)
    }

    /// Checks that a leg is a query and has the columns of a leg, none of them a float.
    async fn leg_shape(&self, legs: &RuleLegs<'_>, sql: &str) -> Result<LegShape, ReconcileError> {
        let read_only = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let frame = self
            .context
            .sql_with_options(sql, read_only)
            .await
            .map_err(|error| ReconcileError::Statement {
                statement: sql.split_whitespace().collect::<Vec<_>>().join(" "),
                source: Box::new(error),
            })?;
        let schema = frame.schema().as_arrow().clone();
        let needed = ["account", "sku", "amount"]
            .into_iter()
            .chain(legs.key.iter().map(String::as_str))
            .chain(legs.period_column);
        for column in needed {
            if schema.field_with_name(column).is_err() {
                return Err(ReconcileError::ColumnType {
                    column: column.to_owned(),
                    wanted: "a column of both legs",
                    found: "no such column".to_owned(),
                });
            }
        }
        for column in ["amount", "quantity"] {
            if let Ok(field) = schema.field_with_name(column) {
                let kind = field.data_type();
                let is_exact = kind.is_integer()
                    || matches!(kind, DataType::Decimal128(_, _) | DataType::Null);
                if !is_exact {
                    return Err(ReconcileError::ColumnType {
                        column: column.to_owned(),
                        wanted: "a decimal",
                        found: kind.to_string(),
                    });
                }
            }
        }
        Ok(LegShape {
            has_currency: schema.field_with_name("currency").is_ok(),
            has_quantity: schema.field_with_name("quantity").is_ok(),
        })
    }
}
