//! Pulls, files, cursors, rotated tokens and rate budgets.

use async_trait::async_trait;
use jiff::Timestamp;

use super::audit::append;
use super::queries::{
    BUDGET_SAVE, BUDGET_SELECT, CURSOR_SAVE, CURSOR_SELECT, FIELD_LIST, FIELD_SAVE, FILE_DELETE,
    FILE_INSERT, FILE_LIST, LANDMARK_SAVE, LANDMARK_SELECT, PULL_INSERT, PULL_NEWEST,
    PULL_NEWEST_COMMITTED, PULL_OF_RUN, Query, RETIRED_DELETE, RETIRED_INSERT, RETIRED_LIST,
    TOKEN_SAVE, TOKEN_SELECT,
};
use super::row::Row;
use super::store::SqlStore;
use super::value::Value;
use crate::canonical::Entity;
use crate::fault::Failure;
use crate::landing::LandedFile;
use crate::store::error::StoreError;
use crate::store::{
    FileFilter, FileReplacement, KnownField, ManifestStore, Pull, PullState, RateBudget,
    RetiredFile, RotatedToken,
};

fn pull_values(pull: &Pull) -> Result<Vec<Value>, StoreError> {
    let entities: Vec<&str> = pull.entities.iter().map(|entity| entity.name()).collect();
    Ok(vec![
        (&pull.pull_id).into(),
        (&pull.run_id).into(),
        (&pull.source).into(),
        (&pull.stream).into(),
        Value::json("entities", &entities)?,
        pull.started_at.into(),
        pull.finished_at.into(),
        pull.state.name().into(),
        pull.sealed.into(),
        Value::count("row_count", pull.row_count)?,
        Value::count("landed_count", pull.landed_count)?,
        Value::count("rejected_count", pull.rejected_count)?,
        count_option("reported_count", pull.reported_count)?,
        count_option("listed_count", pull.listed_count)?,
        (&pull.reason).into(),
    ])
}

fn count_option(name: &'static str, count: Option<u64>) -> Result<Value, StoreError> {
    count.map_or(Ok(Value::Integer(None)), |count| Value::count(name, count))
}

fn pull_of(row: &Row) -> Result<Pull, StoreError> {
    let names: Vec<String> = row.json("entities")?;
    let entities = names
        .iter()
        .map(|name| {
            name.parse().map_err(|_| StoreError::Unreadable {
                column: "entities",
                found: name.clone(),
            })
        })
        .collect::<Result<Vec<Entity>, _>>()?;
    Ok(Pull {
        pull_id: row.text("pull_id")?,
        run_id: row.text("run_id")?,
        source: row.text("source")?,
        stream: row.text("stream")?,
        entities,
        started_at: row.instant("started_at")?,
        finished_at: row.instant("finished_at")?,
        state: row.named("state", PullState::from_name)?,
        sealed: row.flag("sealed")?,
        row_count: row.count("row_count")?,
        landed_count: row.count("landed_count")?,
        rejected_count: row.count("rejected_count")?,
        reported_count: row.count_option("reported_count")?,
        listed_count: row.count_option("listed_count")?,
        reason: row.text_option("reason")?,
    })
}

fn file_values(file: &LandedFile) -> Result<Vec<Value>, StoreError> {
    Ok(vec![
        (&file.path).into(),
        (&file.pull_id).into(),
        (&file.source).into(),
        file.entity.name().into(),
        file.period.into(),
        file.quarantine.into(),
        Value::count("size_bytes", file.size_bytes)?,
        (&file.digest).into(),
        Value::json("totals", &file.totals)?,
        file.extracted_at.into(),
        (file.first_extracted_at != file.extracted_at)
            .then_some(file.first_extracted_at)
            .into(),
        (&file.key_id).into(),
    ])
}

fn file_of(row: &Row) -> Result<LandedFile, StoreError> {
    let extracted_at = row.instant("extracted_at")?;
    Ok(LandedFile {
        path: row.text("path")?,
        pull_id: row.text("pull_id")?,
        source: row.text("source")?,
        entity: row.parsed("entity")?,
        period: row.parsed("period")?,
        quarantine: row.flag("quarantine")?,
        size_bytes: row.count("size_bytes")?,
        digest: row.text("digest")?,
        totals: row.json("totals")?,
        first_extracted_at: row
            .instant_option("first_extracted_at")?
            .unwrap_or(extracted_at),
        extracted_at,
        key_id: row.text_option("key_id")?,
    })
}

impl SqlStore {
    async fn pulls(&self, query: Query, value: Value) -> Result<Vec<Pull>, Failure> {
        let rows = self.rows(query, vec![value]).await?;
        Ok(rows.iter().map(pull_of).collect::<Result<_, _>>()?)
    }
}

#[async_trait]
impl ManifestStore for SqlStore {
    async fn commit_pull(
        &self,
        pull: &Pull,
        files: &[LandedFile],
        cursor: Option<&str>,
    ) -> Result<(), Failure> {
        let row = pull_values(pull)?;
        let landed: Vec<_> = files.iter().map(file_values).collect::<Result<_, _>>()?;
        let place: Option<Vec<Value>> = cursor.map(|position| {
            vec![
                (&pull.source).into(),
                (&pull.stream).into(),
                position.into(),
                (&pull.pull_id).into(),
            ]
        });
        self.write(move |session| {
            Box::pin(async move {
                session.execute(PULL_INSERT, row).await?;
                session
                    .execute_rows(FILE_INSERT, landed.into_iter().map(Ok))
                    .await?;
                if let Some(values) = place {
                    session.execute(CURSOR_SAVE, values).await?;
                }
                Ok(())
            })
        })
        .await?;
        Ok(())
    }

    async fn cursor(&self, source: &str, stream: &str) -> Result<Option<String>, Failure> {
        let rows = self
            .rows(CURSOR_SELECT, vec![source.into(), stream.into()])
            .await?;
        Ok(rows.first().map(|row| row.text("position")).transpose()?)
    }

    async fn replace_files(
        &self,
        replacement: &FileReplacement,
        at: Timestamp,
    ) -> Result<bool, Failure> {
        let mut gone = Vec::with_capacity(replacement.retired.len());
        let mut retired = Vec::with_capacity(replacement.retired.len());
        for file in &replacement.retired {
            gone.push(vec![Value::from(&file.path)]);
            retired.push(vec![
                (&file.path).into(),
                Value::count("size_bytes", file.size_bytes)?,
                at.into(),
                replacement.reason.into(),
            ]);
        }
        let added: Vec<_> = replacement
            .added
            .iter()
            .map(file_values)
            .collect::<Result<_, _>>()?;
        let audit: Vec<_> = replacement.audit.iter().cloned().collect();
        let landmarks = replacement.landmarks.clone();
        let done = self
            .write(move |session| {
                Box::pin(async move {
                    for values in gone {
                        if session.execute(FILE_DELETE, values).await? == 0 {
                            return Err(StoreError::Replaced);
                        }
                    }
                    session
                        .execute_rows(RETIRED_INSERT, retired.into_iter().map(Ok))
                        .await?;
                    session
                        .execute_rows(FILE_INSERT, added.into_iter().map(Ok))
                        .await?;
                    for (name, value) in landmarks {
                        let values = vec![name.into(), (&value).into()];
                        session.execute(LANDMARK_SAVE, values).await?;
                    }
                    append(session, &audit).await
                })
            })
            .await;
        match done {
            Ok(()) => Ok(true),
            Err(StoreError::Replaced) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn retired_files(&self) -> Result<Vec<RetiredFile>, Failure> {
        let rows = self.rows(RETIRED_LIST, Vec::new()).await?;
        let read = rows.iter().map(|row| {
            Ok(RetiredFile {
                path: row.text("path")?,
                size_bytes: row.count("size_bytes")?,
                retired_at: row.instant("retired_at")?,
                reason: row.text("reason")?,
            })
        });
        Ok(read.collect::<Result<_, StoreError>>()?)
    }

    async fn forget_retired(&self, paths: &[String]) -> Result<(), Failure> {
        let rows: Vec<Vec<Value>> = paths.iter().map(|path| vec![path.into()]).collect();
        self.write(move |session| {
            Box::pin(async move {
                session
                    .execute_rows(RETIRED_DELETE, rows.into_iter().map(Ok))
                    .await
            })
        })
        .await?;
        Ok(())
    }

    async fn known_fields(&self, source: &str) -> Result<Vec<KnownField>, Failure> {
        let rows = self.rows(FIELD_LIST, vec![source.into()]).await?;
        let read = rows.iter().map(|row| {
            Ok(KnownField {
                source: row.text("source")?,
                entity: row.parsed("entity")?,
                path: row.text("path")?,
                first_seen_at: row.instant("first_seen_at")?,
                last_seen_at: row.instant("last_seen_at")?,
                records: row.count("records")?,
                present: row.count("present")?,
            })
        });
        Ok(read.collect::<Result<_, StoreError>>()?)
    }

    async fn save_fields(&self, fields: &[KnownField]) -> Result<(), Failure> {
        let rows = fields.iter().map(|field| {
            Ok(vec![
                (&field.source).into(),
                field.entity.name().into(),
                (&field.path).into(),
                field.first_seen_at.into(),
                field.last_seen_at.into(),
                Value::count("records", field.records)?,
                Value::count("present", field.present)?,
            ])
        });
        let rows: Vec<Vec<Value>> = rows.collect::<Result<_, StoreError>>()?;
        self.write(move |session| {
            Box::pin(async move {
                session
                    .execute_rows(FIELD_SAVE, rows.into_iter().map(Ok))
                    .await
            })
        })
        .await?;
        Ok(())
    }

    async fn landmark(&self, name: &str) -> Result<Option<String>, Failure> {
        let rows = self.rows(LANDMARK_SELECT, vec![name.into()]).await?;
        Ok(rows.first().map(|row| row.text("value")).transpose()?)
    }

    async fn files(&self, filter: &FileFilter) -> Result<Vec<LandedFile>, Failure> {
        let values = vec![
            filter.quarantine.into(),
            filter.entity.map(Entity::name).into(),
            (&filter.source).into(),
            filter.as_of.into(),
        ];
        let rows = self.rows(FILE_LIST, values).await?;
        Ok(rows.iter().map(file_of).collect::<Result<_, _>>()?)
    }

    async fn newest_pulls(&self, as_of: Timestamp) -> Result<Vec<Pull>, Failure> {
        self.pulls(PULL_NEWEST, as_of.into()).await
    }

    async fn newest_committed_pulls(&self, as_of: Timestamp) -> Result<Vec<Pull>, Failure> {
        self.pulls(PULL_NEWEST_COMMITTED, as_of.into()).await
    }

    async fn pulls_of_run(&self, run_id: &str) -> Result<Vec<Pull>, Failure> {
        self.pulls(PULL_OF_RUN, run_id.into()).await
    }

    async fn save_token(&self, token: &RotatedToken) -> Result<(), Failure> {
        let values = vec![
            (&token.source).into(),
            Value::Bytes(token.sealed.clone()),
            token.received_at.into(),
        ];
        self.write_one(TOKEN_SAVE, values).await?;
        Ok(())
    }

    async fn token(&self, source: &str) -> Result<Option<RotatedToken>, Failure> {
        let rows = self.rows(TOKEN_SELECT, vec![source.into()]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(RotatedToken {
            source: row.text("source")?,
            sealed: row.bytes("sealed")?,
            received_at: row.instant("received_at")?,
        }))
    }

    async fn save_budget(&self, budget: &RateBudget) -> Result<(), Failure> {
        let values = vec![
            (&budget.budget).into(),
            budget.paid_at.into(),
            budget.not_before.into(),
            (&budget.reason).into(),
            budget.saved_at.into(),
        ];
        self.write_one(BUDGET_SAVE, values).await?;
        Ok(())
    }

    async fn budget(&self, budget: &str) -> Result<Option<RateBudget>, Failure> {
        let rows = self.rows(BUDGET_SELECT, vec![budget.into()]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(RateBudget {
            budget: row.text("budget")?,
            paid_at: row.instant_option("paid_at")?,
            not_before: row.instant_option("not_before")?,
            reason: row.text_option("reason")?,
            saved_at: row.instant("saved_at")?,
        }))
    }
}
