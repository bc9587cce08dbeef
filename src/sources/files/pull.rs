//! Reading all files of one entity, page by page.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::deliveries::{Deliveries, Place};
use super::header::{self, Lacking};
use super::open::open;
use super::row::{Row, RowReader, SpoiltCell};
use super::source::FileSet;
use super::status;
use crate::canonical::Entity;
use crate::config::{FieldMap, FieldRule};
use crate::sources::error::SourceError;
use crate::sources::json::{Document, Scope, Tree};
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
    let paths = files.matched(entity)?;
    let mut pull = Pull {
        deliveries: Deliveries::of(files, entity, &paths)?,
        files,
        entity,
        now,
        pages,
        builder: PageBuilder::default(),
        tally: Tally::default(),
        page_count: 0,
        row_count: 0,
        warnings: Vec::new(),
        unproven: None,
    };
    for (at, path) in paths.iter().enumerate() {
        pull.file(at, path)?;
    }
    pull.send()?;
    let mut warnings = pull.warnings;
    warnings.extend(pull.tally.warnings());
    let full_sweeps = if pull.unproven.is_none() && pull.tally.proves_absence(entity) {
        vec![entity]
    } else {
        Vec::new()
    };
    Ok(PullReport {
        cursor: None,
        seal: pull.unproven.map_or(Seal::Sealed, Seal::Unsealed),
        full_sweeps,
        reported_rows: None,
        listed_rows: None,
        page_count: pull.page_count,
        gaps: pull.tally.gaps(),
        warnings,
    })
}

/// Opens a file and looks at its header.
pub(super) fn check(files: &FileSet, entity: Entity, path: &Path) -> Result<(), SourceError> {
    let opened = open(files, entity, path)?;
    rules(files, entity, path, opened.reader.as_ref()).map(|_| ())
}

struct Pull<'p> {
    deliveries: Deliveries,
    files: &'p FileSet,
    entity: Entity,
    now: Timestamp,
    pages: &'p mpsc::Sender<MappedPage>,
    builder: PageBuilder,
    tally: Tally,
    page_count: u64,
    row_count: u64,
    warnings: Vec<String>,
    /// Why not all of it is proven to have come.
    unproven: Option<String>,
}

/// The file that is being read.
struct Reading<'f> {
    shown: &'f str,
    mapping: &'f Mapping,
    rules: &'f FieldMap,
}

impl Pull<'_> {
    fn file(&mut self, at: usize, path: &Path) -> Result<(), SourceError> {
        let mut opened = open(self.files, self.entity, path)?;
        let rules = rules(self.files, self.entity, path, opened.reader.as_ref())?;
        let mapping = Mapping::new(self.entity, &rules, self.files.books.clone())
            .map_err(|detail| self.bad(detail))?;
        let shown = path
            .strip_prefix(&self.files.base)
            .unwrap_or(path)
            .display()
            .to_string();
        let read = header::read_by(&rules);
        let header = opened.reader.header();
        let mut unknown = match header {
            Some(names) => header::unread(self.entity, &read, names.iter().map(String::as_str)),
            None => BTreeSet::new(),
        };
        // What a bank's message holds beside the columns is known and no news.
        let is_open = header.is_none() && !opened.reader.brings_deliveries();
        let reading = Reading {
            shown: &shown,
            mapping: &mapping,
            rules: &rules,
        };
        let mut place = (at, 0);
        while let Some(row) = opened
            .reader
            .next_row()
            .map_err(|fault| opened.error(fault, self.files, path))?
        {
            if is_open && unknown.len() < UNKNOWN_MAX {
                unknown.extend(unknown_keys(self.entity, &read, &row));
            }
            self.row(&reading, row, place)?;
            place.1 += 1;
        }
        for doubt in opened.reader.doubts() {
            let told = format!("{shown}: {doubt}");
            match &self.unproven {
                None => self.unproven = Some(told),
                Some(_) => self.warnings.push(told),
            }
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

    fn row(&mut self, reading: &Reading<'_>, row: Row, place: Place) -> Result<(), SourceError> {
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
            Row::Good { line, record } => self.good(reading, line, &record)?,
            Row::Spoilt {
                line,
                record,
                cells,
            } => match spoilt_field(reading.rules, &cells) {
                Some((field, cell)) => {
                    let origin = format!("{}:{line}", reading.shown);
                    let scope = Scope::of(record.root());
                    let mut reject = reading.mapping.refuse(scope, origin, field, &cell.reason);
                    reject.text = Some(cell.text.clone());
                    self.builder.reject(reject, &mut self.tally);
                }
                // Nobody reads those cells.
                None => self.good(reading, line, &record)?,
            },
            Row::Delivered {
                line,
                mut entries,
                delivery,
            } => {
                if !self.deliveries.is_final(&delivery, place) {
                    return Ok(());
                }
                if let Some(original) = self.deliveries.original_of(&delivery) {
                    let id = Tree::Text(original.to_owned());
                    entries.push(("reversal_of".to_owned(), id));
                }
                let record = self.document(&Tree::Object(entries))?;
                self.good(reading, line, &record)?;
            }
            Row::Bad(bad) => {
                let origin = format!("{}:{}", reading.shown, bad.line);
                let reject = reading.mapping.refuse_row(&bad, origin);
                let reject = reject.map_err(|detail| self.bad(detail))?;
                self.builder.reject(reject, &mut self.tally);
            }
        }
        if self.builder.row_count() >= PAGE_ROWS {
            self.send()?;
        }
        Ok(())
    }

    fn good(
        &mut self,
        reading: &Reading<'_>,
        line: u64,
        record: &Document,
    ) -> Result<(), SourceError> {
        let origin = || format!("{}:{line}", reading.shown);
        self.builder
            .add(
                reading.mapping,
                Scope::of(record.root()),
                &origin,
                self.now,
                &mut self.tally,
            )
            .map_err(|detail| self.bad(detail))
    }

    fn document(&self, tree: &Tree) -> Result<Document, SourceError> {
        tree.to_document().map_err(|detail| self.bad(detail))
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
    reader: &dyn RowReader,
) -> Result<FieldMap, SourceError> {
    let own = files.maps.get(&entity);
    let mut rules = header::rules(entity, own, reader.header()).map_err(
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
    )?;
    let has_own_status = own.is_some_and(|own| own.contains_key("status"));
    if reader.brings_deliveries() && entity == Entity::Payments && !has_own_status {
        rules.insert("status".to_owned(), status::rule());
    }
    Ok(rules)
}

/// The first cell without a value that a column is read from, with that column.
fn spoilt_field<'r>(
    rules: &'r FieldMap,
    cells: &'r [SpoiltCell],
) -> Option<(&'r str, &'r SpoiltCell)> {
    cells.iter().find_map(|cell| {
        let reads = |rule: &FieldRule| rule.table().all_paths().any(|path| path == cell.column);
        let field = rules.iter().find(|(_, rule)| reads(rule))?;
        Some((field.0.as_str(), cell))
    })
}

fn unknown_keys(entity: Entity, read: &BTreeSet<String>, row: &Row) -> BTreeSet<String> {
    let entries = match row {
        Row::Good { record, .. } => record.root().entries(),
        _ => None,
    };
    let keys = entries.into_iter().flatten().map(|(key, _)| key);
    header::unread(entity, read, keys)
}
