//! Reading all files of one entity, page by page.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::csv::CsvReader;
use super::header::{self, Lacking};
use super::jsonl::JsonlReader;
use super::parquet::ParquetReader;
use super::row::{Fault, Row, RowReader};
use super::source::FileSet;
use crate::canonical::Entity;
use crate::config::FieldMap;
use crate::sources::error::SourceError;
use crate::sources::json::{Scope, Tree};
use crate::sources::mapping::{Mapping, PageBuilder, Tally};
use crate::sources::page::{MappedPage, PullReport, Seal};

/// Rows that are mapped and sent at once.
const PAGE_ROWS: u64 = 8_192;
/// Unknown columns that a warning names.
const UNKNOWN_MAX: usize = 20;

/// Reads every file of an entity.
pub(super) fn pull(
    files: &FileSet,
    entity: Entity,
    now: Timestamp,
    pages: &mpsc::Sender<MappedPage>,
) -> Result<PullReport, SourceError> {
    let mut pull = Pull {
        files,
        entity,
        now,
        pages,
        builder: PageBuilder::default(),
        tally: Tally::default(),
        page_count: 0,
        row_count: 0,
        warnings: Vec::new(),
    };
    for path in files.matched(entity)? {
        pull.file(&path)?;
    }
    pull.send()?;
    let mut warnings = pull.warnings;
    warnings.extend(pull.tally.warnings());
    let full_sweeps = if pull.tally.proves_absence(entity) {
        vec![entity]
    } else {
        Vec::new()
    };
    Ok(PullReport {
        cursor: None,
        seal: Seal::Sealed,
        full_sweeps,
        reported_rows: None,
        page_count: pull.page_count,
        gaps: pull.tally.gaps(),
        warnings,
    })
}

/// Opens a file and looks at its header.
pub(super) fn check(files: &FileSet, entity: Entity, path: &Path) -> Result<(), SourceError> {
    let (reader, _) = open(files, path)?;
    rules(files, entity, path, reader.header()).map(|_| ())
}

struct Pull<'p> {
    files: &'p FileSet,
    entity: Entity,
    now: Timestamp,
    pages: &'p mpsc::Sender<MappedPage>,
    builder: PageBuilder,
    tally: Tally,
    page_count: u64,
    row_count: u64,
    warnings: Vec<String>,
}

impl Pull<'_> {
    fn file(&mut self, path: &Path) -> Result<(), SourceError> {
        let (mut reader, format) = open(self.files, path)?;
        let rules = rules(self.files, self.entity, path, reader.header())?;
        let mapping = Mapping::new(self.entity, &rules, self.files.books.clone())
            .map_err(|detail| self.bad(detail))?;
        let shown = path
            .strip_prefix(&self.files.base)
            .unwrap_or(path)
            .display()
            .to_string();
        let read = header::read_by(&rules);
        let mut unknown = match reader.header() {
            Some(names) => header::unread(self.entity, &read, names.iter().map(String::as_str)),
            None => BTreeSet::new(),
        };
        let has_header = reader.header().is_some();
        let source_name = self.files.books.source.clone();
        while let Some(row) = reader
            .next_row()
            .map_err(|fault| fault.of(&source_name, path.to_owned(), format))?
        {
            if !has_header && unknown.len() < UNKNOWN_MAX {
                unknown.extend(unknown_keys(self.entity, &read, &row));
            }
            self.row(&mapping, &shown, row)?;
        }
        if !unknown.is_empty() {
            let names: Vec<String> = unknown.into_iter().take(UNKNOWN_MAX).collect();
            self.warnings.push(format!(
                "{shown} has columns that {} do not know, kept in `raw` only: {}",
                self.entity,
                names.join(", ")
            ));
        }
        Ok(())
    }

    fn row(&mut self, mapping: &Mapping, shown: &str, row: Row) -> Result<(), SourceError> {
        self.row_count += 1;
        if self.row_count > self.files.rows_max {
            return Err(SourceError::TooMuch {
                source_name: self.files.books.source.clone(),
                limit: "rows",
                detail: format!(
                    "{} have more than {} rows",
                    self.entity, self.files.rows_max
                ),
            });
        }
        match row {
            Row::Good { line, record } => {
                let origin = || format!("{shown}:{line}");
                self.builder
                    .add(
                        mapping,
                        Scope::of(record.root()),
                        &origin,
                        self.now,
                        &mut self.tally,
                    )
                    .map_err(|detail| self.bad(detail))?;
            }
            Row::Bad { line, reason, raw } => {
                let origin = format!("{shown}:{line}");
                let nothing = Tree::Null
                    .to_document()
                    .map_err(|detail| self.bad(detail))?;
                let scope = Scope::of(nothing.root());
                let mut reject = mapping.refuse(scope, origin, "row", &reason);
                reject.raw = raw;
                self.builder.reject(reject, &mut self.tally);
            }
        }
        if self.builder.row_count() >= PAGE_ROWS {
            self.send()?;
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), SourceError> {
        let page = self.builder.finish().map_err(|detail| self.bad(detail))?;
        if page.batches.is_empty() && page.rejects.is_empty() {
            return Ok(());
        }
        self.page_count += 1;
        self.pages
            .blocking_send(page)
            .map_err(|_| SourceError::Stopped {
                source_name: self.files.books.source.clone(),
                stream: self.entity.name().to_owned(),
            })
    }

    fn bad(&self, detail: String) -> SourceError {
        SourceError::Page {
            source_name: self.files.books.source.clone(),
            stream: self.entity.name().to_owned(),
            detail,
        }
    }
}

fn rules(
    files: &FileSet,
    entity: Entity,
    path: &Path,
    names: Option<&[String]>,
) -> Result<FieldMap, SourceError> {
    header::rules(entity, files.maps.get(&entity), names).map_err(
        |Lacking {
             column,
             field,
             near,
         }| SourceError::NoColumn {
            source_name: files.books.source.clone(),
            path: path.to_owned(),
            column,
            field: format!("{entity}.{field}"),
            near,
        },
    )
}

fn unknown_keys(entity: Entity, read: &BTreeSet<String>, row: &Row) -> BTreeSet<String> {
    let entries = match row {
        Row::Good { record, .. } => record.root().entries(),
        Row::Bad { .. } => None,
    };
    let keys = entries.into_iter().flatten().map(|(key, _)| key);
    header::unread(entity, read, keys)
}

/// Opens a file by the format that its ending says.
fn open(files: &FileSet, path: &Path) -> Result<(Box<dyn RowReader>, &'static str), SourceError> {
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    let format = match ending.to_ascii_lowercase().as_str() {
        "csv" => "CSV file",
        "jsonl" | "ndjson" => "JSONL file",
        "parquet" => "Parquet file",
        _ => "CSV, JSONL or Parquet file",
    };
    let fault = |fault: Fault| fault.of(&files.books.source, path.to_owned(), format);
    let file = File::open(path).map_err(|error| fault(error.into()))?;
    let most = files.row_bytes_max;
    let reader: Box<dyn RowReader> = match format {
        "CSV file" => Box::new(CsvReader::open(file, most).map_err(fault)?),
        "JSONL file" => Box::new(JsonlReader::open(BufReader::new(file), most)),
        "Parquet file" => Box::new(ParquetReader::open(file).map_err(fault)?),
        _ => {
            let detail = "its name must end with .csv, .jsonl or .parquet".to_owned();
            return Err(fault(Fault::NotFormat(detail)));
        }
    };
    Ok((reader, format))
}
