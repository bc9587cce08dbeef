//! Which version of a record is the newest, for the records that have several.
//!
//! Keys are kept as 128-bit digests: a few dozen bytes a record, whatever its id looks like.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::common::cast::as_string_array;
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use datafusion::prelude::SessionContext;
use futures::StreamExt;

use crate::canonical::Entity;
use crate::reconcile::error::ReconcileError;

use super::session::engine_error;

const REPEATED_RECORDS: &str = include_str!("sql/repeated_records.sql");
const REPEATED_VERSIONS: &str = include_str!("sql/repeated_versions.sql");
const DOING: &str = "looking for the newest versions";

type Digest = [u8; 16];
/// What orders the versions of one record: extraction, run, update, and a tombstone last.
type Rank = (i64, String, Option<i64>, bool);

/// How the newest version of an entity's records is found.
pub(super) enum Newest {
    /// Every record has one version.
    Only,
    /// By this SQL condition over a lookup.
    Condition(String),
    /// By sorting: there are too many, or two versions that nothing orders.
    Sorted,
}

/// Reads which records of an entity have several versions. At most `repeated_max` of them are held
/// in memory.
pub(super) async fn find_newest(
    context: &SessionContext,
    entity: Entity,
    known_by: &str,
    repeated_max: usize,
) -> std::result::Result<Newest, ReconcileError> {
    let failed = |error| engine_error(DOING, error);
    let statement = |sql: &str| {
        sql.replace("{entity}", entity.name())
            .replace("{known_by}", known_by)
    };
    let mut repeated: HashSet<Digest> = HashSet::new();
    let frame = context
        .sql(&statement(REPEATED_RECORDS))
        .await
        .map_err(failed)?;
    let mut stream = frame.execute_stream().await.map_err(failed)?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(failed)?;
        let keys = record_keys(batch.columns()).map_err(failed)?;
        repeated.extend(keys);
        if repeated.len() > repeated_max {
            return Ok(Newest::Sorted);
        }
    }
    if repeated.is_empty() {
        return Ok(Newest::Only);
    }
    know_repeated(context, repeated);
    let mut newest: HashMap<Digest, (Rank, bool)> = HashMap::new();
    let frame = context
        .sql(&statement(REPEATED_VERSIONS))
        .await
        .map_err(failed)?;
    let mut stream = frame.execute_stream().await.map_err(failed)?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(failed)?;
        let keys = record_keys(batch.columns()).map_err(failed)?;
        let ranks = version_ranks(batch.columns()).map_err(failed)?;
        for (key, rank) in keys.into_iter().zip(ranks) {
            match newest.get_mut(&key) {
                Some((known, is_tied)) if rank >= *known => {
                    *is_tied = rank == *known;
                    *known = rank;
                }
                Some(_) => {}
                None => {
                    newest.insert(key, (rank, false));
                }
            }
        }
    }
    if newest.values().any(|(_, is_tied)| *is_tied) {
        return Ok(Newest::Sorted);
    }
    let winners = newest
        .into_iter()
        .map(|(key, (rank, _))| (key, rank_digest(&rank)))
        .collect();
    Ok(Newest::Condition(know_newest(context, entity, winners)))
}

fn know_repeated(context: &SessionContext, repeated: HashSet<Digest>) {
    context.register_udf(create_udf(
        "is_repeated",
        vec![DataType::Utf8, DataType::Utf8],
        DataType::Boolean,
        Volatility::Immutable,
        Arc::new(move |arguments: &[ColumnarValue]| {
            let arrays = ColumnarValue::values_to_arrays(arguments)?;
            let answers: BooleanArray = record_keys(&arrays)?
                .iter()
                .map(|key| Some(repeated.contains(key)))
                .collect();
            Ok(ColumnarValue::Array(Arc::new(answers)))
        }),
    ));
}

fn know_newest(
    context: &SessionContext,
    entity: Entity,
    winners: HashMap<Digest, Digest>,
) -> String {
    let name = format!("is_newest_of_{}", entity.name());
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    context.register_udf(create_udf(
        &name,
        vec![
            DataType::Utf8,
            DataType::Utf8,
            instant.clone(),
            DataType::Utf8,
            instant,
            DataType::Boolean,
        ],
        DataType::Boolean,
        Volatility::Immutable,
        Arc::new(move |arguments: &[ColumnarValue]| {
            let arrays = ColumnarValue::values_to_arrays(arguments)?;
            let ranks = version_ranks(&arrays)?;
            let answers: BooleanArray = record_keys(&arrays)?
                .iter()
                .zip(ranks)
                .map(|(key, rank)| {
                    let winner = winners.get(key);
                    Some(winner.is_none_or(|winner| *winner == rank_digest(&rank)))
                })
                .collect();
            Ok(ColumnarValue::Array(Arc::new(answers)))
        }),
    ));
    format!("{name}(source, id, extracted_at, run_id, updated_at, deleted)")
}

/// The digest of source and id of each row: the first two columns.
fn record_keys(columns: &[ArrayRef]) -> Result<Vec<Digest>> {
    let (sources, ids) = (as_string_array(&columns[0])?, as_string_array(&columns[1])?);
    Ok((0..sources.len())
        .map(|row| digest(&[sources.value(row).as_bytes(), ids.value(row).as_bytes()]))
        .collect())
}

/// The rank of each row: extraction, run, update and deletion, from the third column on.
fn version_ranks(columns: &[ArrayRef]) -> Result<Vec<Rank>> {
    let instants = |at: usize| columns[at].as_primitive_opt::<TimestampMicrosecondType>();
    let (Some(extracted), Some(updated), Some(deleted)) =
        (instants(2), instants(4), columns[5].as_boolean_opt())
    else {
        return exec_err!("the columns of a landed version have other types than its schema");
    };
    let runs = as_string_array(&columns[3])?;
    Ok((0..extracted.len())
        .map(|row| {
            let updated_at = (!updated.is_null(row)).then(|| updated.value(row));
            (
                extracted.value(row),
                runs.value(row).to_owned(),
                updated_at,
                deleted.value(row),
            )
        })
        .collect())
}

fn rank_digest(rank: &Rank) -> Digest {
    let updated_at = rank.2.map_or([0; 9], |instant| {
        let mut bytes = [1; 9];
        bytes[1..].copy_from_slice(&instant.to_le_bytes());
        bytes
    });
    digest(&[
        &rank.0.to_le_bytes(),
        rank.1.as_bytes(),
        &updated_at,
        &[u8::from(rank.3)],
    ])
}

fn digest(parts: &[&[u8]]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut digest = [0; 16];
    digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    digest
}
