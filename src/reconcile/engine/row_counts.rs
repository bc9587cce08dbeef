//! How many rows there are, counted apart from the legs: the other side of the completeness proof.

use crate::canonical::Entity;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::RowCount;

use super::billing_legs::BillingScope;
use super::columns::{Counts, Texts};
use super::session::Session;

const DOING: &str = "counting the rows";

impl Session {
    /// The living rows of every source, and how many of them no leg of the billing rule takes.
    pub(crate) async fn billing_row_counts(
        &self,
        scope: &BillingScope<'_>,
    ) -> Result<Vec<RowCount>, ReconcileError> {
        let mut counts = Vec::new();
        let tables = [
            (Entity::Contracts, "contracts", scope.is_sold()),
            (
                Entity::Usage,
                "usage",
                format!("(({}) or ({}))", scope.is_used(), scope.is_vended()),
            ),
        ];
        for (entity, table, is_taken) in tables {
            let sql = format!(
                "select source, count(*) as extracted, \
                 sum(case when {is_taken} then 0 else 1 end) as excluded \
                 from {table} group by source order by source"
            );
            counts.extend(self.row_counts(entity, &sql).await?);
        }
        // Lines whose invoice is gone, void or a draft are in no row of `billed_lines`.
        let sql = format!(
            "select source, cast(sum(extracted) as bigint) as extracted, \
             cast(sum(extracted) - sum(taken) as bigint) as excluded from (\
               select source, count(*) as extracted, 0 as taken from invoice_lines group by source \
               union all \
               select source, 0 as extracted, count(*) as taken from billed_lines where {} \
               group by source\
             ) group by source order by source",
            scope.is_billed()
        );
        counts.extend(self.row_counts(Entity::InvoiceLines, &sql).await?);
        Ok(counts)
    }

    pub(super) async fn row_counts(
        &self,
        entity: Entity,
        sql: &str,
    ) -> Result<Vec<RowCount>, ReconcileError> {
        let mut counts = Vec::new();
        for batch in self.collect(sql, DOING).await? {
            let sources = Texts::of(&batch, "source")?;
            let extracted = Counts::of(&batch, "extracted")?;
            let excluded = Counts::of(&batch, "excluded")?;
            for row in 0..batch.num_rows() {
                counts.push(RowCount {
                    source: sources.text(row),
                    entity: entity.name().to_owned(),
                    extracted: extracted.count(row),
                    excluded: excluded.count(row),
                });
            }
        }
        Ok(counts)
    }
}
