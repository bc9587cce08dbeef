//! KPI snapshots, versions of reports, and checkpoints of resumable jobs.

use async_trait::async_trait;
use jiff::Timestamp;

use super::queries::{
    CHECKPOINT_CLEAR, CHECKPOINT_LIST, CHECKPOINT_SAVE, KPI_INSERT, KPI_NEWEST,
    REPORT_VERSION_INSERT, REPORT_VERSION_NEWEST,
};
use super::store::SqlStore;
use crate::fault::Failure;
use crate::period::Period;
use crate::store::error::StoreError;
use crate::store::{KpiSnapshot, ReportVersion, SnapshotStore};

#[async_trait]
impl SnapshotStore for SqlStore {
    async fn save_kpi(&self, snapshot: &KpiSnapshot) -> Result<(), Failure> {
        let values = vec![
            (&snapshot.snapshot_id).into(),
            (&snapshot.scope).into(),
            snapshot.period.into(),
            snapshot.as_of.into(),
            snapshot.computed_at.into(),
            (&snapshot.run_id).into(),
            (&snapshot.body).into(),
        ];
        self.write_one(KPI_INSERT, values).await?;
        Ok(())
    }

    async fn newest_kpis(
        &self,
        scope: &str,
        first: Period,
        last: Period,
    ) -> Result<Vec<KpiSnapshot>, Failure> {
        let rows = self
            .rows(KPI_NEWEST, vec![scope.into(), first.into(), last.into()])
            .await?;
        let snapshots = rows.iter().map(|row| {
            Ok(KpiSnapshot {
                snapshot_id: row.text("snapshot_id")?,
                scope: row.text("scope")?,
                period: row.parsed("period")?,
                as_of: row.instant("as_of")?,
                computed_at: row.instant("computed_at")?,
                run_id: row.text("run_id")?,
                body: row.text("body")?,
            })
        });
        Ok(snapshots.collect::<Result<_, StoreError>>()?)
    }

    async fn report_version(
        &self,
        report: &str,
        scope: &str,
        period: &str,
    ) -> Result<Option<ReportVersion>, Failure> {
        let rows = self
            .rows(
                REPORT_VERSION_NEWEST,
                vec![report.into(), scope.into(), period.into()],
            )
            .await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(ReportVersion {
            report: row.text("report")?,
            scope: row.text("scope")?,
            period: row.text("period")?,
            version: row.count("version")?,
            figures_digest: row.text("figures_digest")?,
            figures: row.text("figures")?,
            created_at: row.instant("created_at")?,
        }))
    }

    async fn save_report_version(&self, version: &ReportVersion) -> Result<(), Failure> {
        let values = vec![
            (&version.report).into(),
            (&version.scope).into(),
            (&version.period).into(),
            version.version.into(),
            (&version.figures_digest).into(),
            (&version.figures).into(),
            version.created_at.into(),
        ];
        self.write_one(REPORT_VERSION_INSERT, values).await?;
        Ok(())
    }

    async fn save_checkpoint(&self, key: &str, step: &str, at: Timestamp) -> Result<(), Failure> {
        let values = vec![key.into(), step.into(), at.into()];
        self.write_one(CHECKPOINT_SAVE, values).await?;
        Ok(())
    }

    async fn checkpoints(&self, key: &str) -> Result<Vec<String>, Failure> {
        let rows = self.rows(CHECKPOINT_LIST, vec![key.into()]).await?;
        Ok(rows
            .iter()
            .map(|row| row.text("step"))
            .collect::<Result<_, _>>()?)
    }

    async fn clear_checkpoints(&self, key: &str) -> Result<(), Failure> {
        self.write_one(CHECKPOINT_CLEAR, vec![key.into()]).await?;
        Ok(())
    }
}
