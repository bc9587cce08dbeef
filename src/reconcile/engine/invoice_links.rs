//! Lines whose invoice is not an id of their own source: spelled `source:id`, or an id that exactly
//! one other source has.

use std::collections::BTreeMap;

use crate::reconcile::error::ReconcileError;

use super::columns::{Counts, Texts};
use super::session::{Session, literal};

const UNLINKED_LINES: &str = include_str!("sql/unlinked_lines.sql");
const BILLED_LINES_VIEW: &str = include_str!("sql/billed_lines_view.sql");
/// What an invoice takes in a hash join, about, with the table around it.
const BYTES_PER_INVOICE: u64 = 512;
const DOING: &str = "linking lines to invoices";

impl Session {
    /// Makes the table `billed_lines`. The accounts and products must be known by then.
    pub(crate) async fn link_lines(&self) -> Result<(), ReconcileError> {
        self.choose_join().await?;
        let mut unlinked: Vec<(String, String)> = Vec::new();
        for batch in self.collect(UNLINKED_LINES, DOING).await? {
            let sources = Texts::of(&batch, "source")?;
            let references = Texts::of(&batch, "invoice_id")?;
            for row in 0..batch.num_rows() {
                unlinked.push((sources.text(row), references.text(row)));
            }
        }
        let links = self.foreign_invoices(&unlinked).await?;
        self.know_invoices(links);
        self.collect(BILLED_LINES_VIEW, DOING).await?;
        Ok(())
    }

    /// Lets joins be hash joins while the invoices surely fit in a part of the memory; a hash join
    /// cannot spill.
    async fn choose_join(&self) -> Result<(), ReconcileError> {
        let mut versions = 0;
        let sql = "select count(*) as extracted from invoices_versions";
        for batch in self.collect(sql, DOING).await? {
            versions = Counts::of(&batch, "extracted")?.count(0);
        }
        let fits = versions.saturating_mul(BYTES_PER_INVOICE) <= self.memory_limit / 4;
        self.collect(
            &format!("set datafusion.optimizer.prefer_hash_join = {fits}"),
            DOING,
        )
        .await?;
        Ok(())
    }

    async fn foreign_invoices(
        &self,
        unlinked: &[(String, String)],
    ) -> Result<BTreeMap<(String, String), String>, ReconcileError> {
        if unlinked.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut ids: Vec<String> = unlinked
            .iter()
            .flat_map(|(_, reference)| {
                let spelled = reference.split_once(':').map(|(_, id)| literal(id));
                [Some(literal(reference)), spelled]
            })
            .flatten()
            .collect();
        ids.sort();
        ids.dedup();
        let sql = format!(
            "select source, id from invoices where id in ({}) order by source, id",
            ids.join(", ")
        );
        let mut keys_by_id: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for batch in self.collect(&sql, DOING).await? {
            let sources = Texts::of(&batch, "source")?;
            let ids = Texts::of(&batch, "id")?;
            for row in 0..batch.num_rows() {
                let key = (sources.text(row), ids.text(row));
                keys_by_id.entry(key.1.clone()).or_default().push(key);
            }
        }
        let link = |reference: &str| -> Option<String> {
            let spelled = reference.split_once(':').and_then(|(source, id)| {
                let named = keys_by_id.get(id)?;
                named.iter().find(|(owner, _)| owner == source)
            });
            let only = || match keys_by_id.get(reference)?.as_slice() {
                [only] => Some(only),
                _ => None,
            };
            let (source, id) = spelled.or_else(only)?;
            Some(format!("{source}:{id}"))
        };
        Ok(unlinked
            .iter()
            .filter_map(|(source, reference)| {
                Some(((source.clone(), reference.clone()), link(reference)?))
            })
            .collect())
    }
}
