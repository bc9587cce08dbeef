//! Limits of one list: pages that repeat, too many pages, too many rows.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::canonical::{Mark, mark_of};
use crate::config::Limits;
use crate::sources::error::SourceError;
use crate::sources::json::{Document, Json, Path, Scope, together};
use crate::sources::mapping::BadRow;

/// What the pull of one stream took so far, in all of its lists, slices and children together.
#[derive(Debug, Default)]
pub(super) struct Spent {
    pages: AtomicU64,
    rows: AtomicU64,
}

/// Watches the pages of one list.
#[derive(Debug)]
pub(super) struct Guard {
    source_name: String,
    stream: String,
    pages_max: u64,
    rows_max: u64,
    spent: Arc<Spent>,
    page_count: u64,
    row_count: u64,
    asked: HashSet<[u8; 32]>,
    seen: HashSet<Mark>,
    /// Where a record's id stands, when distinct ids are to be counted.
    key: Option<Path>,
    ids: HashSet<[u8; 16]>,
    nameless_count: u64,
}

impl Guard {
    pub(super) fn new(source_name: &str, stream: &str, limits: &Limits, spent: Arc<Spent>) -> Self {
        Self {
            source_name: source_name.to_owned(),
            stream: stream.to_owned(),
            pages_max: limits.pages,
            rows_max: limits.rows,
            spent,
            page_count: 0,
            row_count: 0,
            asked: HashSet::new(),
            seen: HashSet::new(),
            key: None,
            ids: HashSet::new(),
            nameless_count: 0,
        }
    }

    /// Counts distinct ids from now on.
    pub(super) fn count_ids(&mut self, key: Path) {
        self.key = Some(key);
    }

    /// Before a page is asked for: the same request twice is a loop.
    pub(super) fn ask(&mut self, fingerprint: [u8; 32]) -> Result<(), SourceError> {
        if self.spent.pages.load(Ordering::Relaxed) >= self.pages_max {
            return Err(self.too_much("pages", self.pages_max));
        }
        if self.asked.insert(fingerprint) {
            Ok(())
        } else {
            Err(self.repeats("the cursor came before"))
        }
    }

    /// The list begins anew: what came before may come again.
    pub(super) fn start_anew(&mut self) {
        self.asked.clear();
        self.seen.clear();
        self.row_count = 0;
    }

    /// No page is a repetition of what was asked for in another way.
    pub(super) fn unask(&mut self) {
        self.asked.clear();
    }

    /// After a page came: the same records twice under another cursor are a loop as well.
    pub(super) fn see(&mut self, records: &[Json<'_>]) -> Result<(), SourceError> {
        self.see_rows(records, &[])
    }

    /// After rows came, some of which cannot be read: those came as well.
    pub(super) fn see_rows(
        &mut self,
        records: &[Json<'_>],
        bad: &[BadRow],
    ) -> Result<(), SourceError> {
        let came = (records.len() + bad.len()) as u64;
        self.page_count += 1;
        self.row_count += came;
        self.spent.pages.fetch_add(1, Ordering::Relaxed);
        if self.spent.rows.fetch_add(came, Ordering::Relaxed) + came > self.rows_max {
            return Err(self.too_much("rows", self.rows_max));
        }
        if came == 0 {
            return Ok(());
        }
        if let Some(key) = &self.key {
            let rests = bad.iter().map(|row| row.rest.as_ref().map(Document::root));
            let all = records.iter().copied().map(Some).chain(rests);
            for record in all {
                match record.and_then(|record| key.text(Scope::of(record))) {
                    Some(id) => {
                        let mut digest = [0; 16];
                        digest.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..16]);
                        self.ids.insert(digest);
                    }
                    None => self.nameless_count += 1,
                }
            }
        }
        let mark = match together(records) {
            Some(text) if bad.is_empty() => mark_of(text.as_bytes()),
            _ => {
                let texts = records.iter().map(|record| record.compact());
                let raws = bad.iter().map(|row| Cow::from(row.raw.as_str()));
                let all: Vec<_> = texts.chain(raws).collect();
                mark_of(all.join(",").as_bytes())
            }
        };
        if self.seen.insert(mark) {
            Ok(())
        } else {
            Err(self.repeats("the same records came before"))
        }
    }

    /// How many different records came, where their ids can be read; otherwise how many came. A
    /// record that came twice because the pages moved hides one that did not come at all.
    pub(super) fn distinct_count(&self) -> u64 {
        match self.key {
            Some(_) => self.ids.len() as u64 + self.nameless_count,
            None => self.row_count,
        }
    }

    fn too_much(&self, limit: &'static str, most: u64) -> SourceError {
        SourceError::TooMuch {
            source_name: self.source_name.clone(),
            limit,
            detail: format!("`{}` has more than {most} {limit}", self.stream),
        }
    }

    fn repeats(&self, what: &str) -> SourceError {
        SourceError::Loop {
            source_name: self.source_name.clone(),
            stream: self.stream.clone(),
            page: self.page_count,
            what: what.to_owned(),
        }
    }
}
