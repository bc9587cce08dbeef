//! Reading back from the files themselves what a lost manifest said of them.
//!
//! Each file says in its metadata whose pull it is of; lengths, digests and totals are taken anew. A
//! file that a merged one says to have replaced is passed over.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, PrimitiveArray};
use arrow::datatypes::TimestampMicrosecondType;
use jiff::Timestamp;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::encryption::decrypt::FileDecryptionProperties;

use super::error::LandingError;
use super::file::LandedFile;
use super::key::FileKey;
use super::opened::Opened;
use super::rows;
use super::shelf::{self, Shelf};
use crate::canonical::Entity;
use crate::totals::ControlTotals;

/// What begins a file whose footer is encrypted.
const ENCRYPTED: &[u8; 4] = b"PARE";

/// A file as it tells of itself.
#[derive(Debug, Clone)]
pub struct AdoptedFile {
    /// What the manifest is to say of it.
    pub file: LandedFile,
    /// The run that landed it.
    pub run_id: String,
}

/// What a file's metadata says.
struct Said {
    path: PathBuf,
    relative: String,
    key: Option<String>,
    decryption: Option<Arc<FileDecryptionProperties>>,
    entries: Vec<(String, String)>,
}

impl Said {
    fn of(&self, name: &str) -> Option<&str> {
        let mut entries = self.entries.iter();
        let (_, value) = entries.find(|(known, _)| known == name)?;
        Some(value)
    }
}

/// Every file that says whose it is, oldest first, and those that do not.
pub(super) fn find(
    shelf: &Shelf,
    paths: Vec<PathBuf>,
) -> Result<(Vec<AdoptedFile>, Vec<PathBuf>), LandingError> {
    let mut told = Vec::new();
    let mut foreign = Vec::new();
    for path in paths {
        match ask(shelf, &path)? {
            Some(said) => told.push(said),
            None => foreign.push(path),
        }
    }
    let replaced: HashSet<String> = told
        .iter()
        .filter_map(|said| said.of("crossfoot.replaces"))
        .flat_map(|names| names.lines().map(str::to_owned))
        .collect();
    let mut found = Vec::new();
    for said in told
        .iter()
        .filter(|said| !replaced.contains(&said.relative))
    {
        match take(said)? {
            Some(file) => found.push(file),
            None => foreign.push(said.path.clone()),
        }
    }
    found.sort_by(|base, peer| {
        (base.file.extracted_at, &base.file.path).cmp(&(peer.file.extracted_at, &peer.file.path))
    });
    Ok((found, foreign))
}

/// Reads the metadata of a file; `None` where it is no file of ours, or damaged.
fn ask(shelf: &Shelf, path: &Path) -> Result<Option<Said>, LandingError> {
    let refused = |error| LandingError::io("read", path, error);
    let mut start = [0; 4];
    let is_long = File::open(path)
        .map_err(refused)?
        .read_exact(&mut start)
        .is_ok();
    if !is_long {
        return Ok(None);
    }
    let keys: Vec<Option<&FileKey>> = if start == *ENCRYPTED {
        shelf.all_keys().map(Some).collect()
    } else {
        vec![None]
    };
    for key in keys {
        let decryption = key.map(FileKey::decryption).transpose();
        let decryption = decryption.map_err(|source| LandingError::Parquet {
            path: path.to_owned(),
            source,
        })?;
        let mut options = ArrowReaderOptions::new();
        if let Some(properties) = &decryption {
            options = options.with_file_decryption_properties(Arc::clone(properties));
        }
        let file = File::open(path).map_err(refused)?;
        let Ok(builder) = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        else {
            continue;
        };
        let entries = builder.metadata().file_metadata().key_value_metadata();
        let entries = entries.into_iter().flatten();
        let relative = path.strip_prefix(shelf.root()).unwrap_or(path);
        return Ok(Some(Said {
            path: path.to_owned(),
            relative: relative.display().to_string(),
            key: key.map(|key| key.id().to_owned()),
            decryption,
            entries: entries
                .filter_map(|entry| Some((entry.key.clone(), entry.value.clone()?)))
                .collect(),
        }));
    }
    Ok(None)
}

/// Counts a file anew; `None` where its metadata is not ours.
fn take(said: &Said) -> Result<Option<AdoptedFile>, LandingError> {
    let entity: Option<Entity> = said
        .of("crossfoot.entity")
        .and_then(|name| name.parse().ok());
    let period = said
        .of("crossfoot.period")
        .and_then(|text| text.parse().ok());
    let (Some(entity), Some(period), Some(source), Some(pull_id)) = (
        entity,
        period,
        said.of("crossfoot.source"),
        said.of("crossfoot.pull_id"),
    ) else {
        return Ok(None);
    };
    let quarantine = said.relative.starts_with("_quarantine/");
    let opened = Opened::unchecked(&said.path, said.decryption.clone())?;
    let mut totals = ControlTotals::default();
    let mut range: Option<(i64, i64)> = None;
    for batch in opened.batches(None, None)? {
        let batch = batch.map_err(|error| LandingError::columns(&said.relative, error))?;
        let counted = if quarantine {
            ControlTotals {
                rows: batch.num_rows() as u64,
                ..ControlTotals::default()
            }
        } else {
            rows::totals_of(entity, &batch, &said.relative)?
        };
        totals
            .merge(&counted)
            .map_err(|error| LandingError::totals(&said.relative, error))?;
        let instants = batch
            .column_by_name("extracted_at")
            .and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>());
        for instant in instants.into_iter().flat_map(PrimitiveArray::values) {
            let (first, last) = range.unwrap_or((*instant, *instant));
            range = Some((first.min(*instant), last.max(*instant)));
        }
    }
    let instant = |microseconds: i64| Timestamp::from_microsecond(microseconds).ok();
    let Some((Some(first), Some(last))) =
        range.map(|(first, last)| (instant(first), instant(last)))
    else {
        return Ok(None);
    };
    let (size_bytes, digest) = shelf::length_and_digest(&said.path)
        .map_err(|error| LandingError::io("read", &said.path, error))?;
    Ok(Some(AdoptedFile {
        run_id: said.of("crossfoot.run_id").unwrap_or(pull_id).to_owned(),
        file: LandedFile {
            path: said.relative.clone(),
            pull_id: pull_id.to_owned(),
            source: source.to_owned(),
            entity,
            period,
            quarantine,
            size_bytes,
            digest,
            totals,
            extracted_at: last,
            first_extracted_at: first,
            key_id: said.key.clone(),
        },
    }))
}
