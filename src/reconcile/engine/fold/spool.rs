//! Rows by partition: in memory up to a budget, and in one unnamed file beyond it.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::reconcile::error::ReconcileError;

/// Bytes that are written to the file at once.
const WRITTEN_BYTES: usize = 1 << 20;

/// How the rows of a piece are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One behind the other, as `page` lays them out.
    Plain,
    /// As `chunk` packs them.
    Packed,
}

enum Place {
    Memory(Vec<u8>),
    File { offset: u64, length: usize },
}

struct Piece {
    leg: usize,
    form: Form,
    place: Place,
}

/// Where rows wait for their partition's turn.
pub(super) struct Spool {
    partitions: Vec<Vec<Piece>>,
    memory_left: usize,
    folder: PathBuf,
    file: Option<File>,
    file_length: u64,
    /// The end of the file that is not written yet.
    unwritten: Vec<u8>,
}

impl Spool {
    pub(super) fn new(partition_count: usize, memory_bytes: usize, folder: &Path) -> Self {
        Self {
            partitions: (0..partition_count).map(|_| Vec::new()).collect(),
            memory_left: memory_bytes,
            folder: folder.to_owned(),
            file: None,
            file_length: 0,
            unwritten: Vec::new(),
        }
    }

    /// Keeps a page of plain rows of a leg, and leaves an empty one of the same size.
    pub(super) fn put_page(
        &mut self,
        partition: usize,
        leg: usize,
        page: &mut Vec<u8>,
    ) -> Result<(), ReconcileError> {
        if page.len() > self.memory_left {
            self.put(partition, leg, Form::Plain, page)?;
            page.clear();
            return Ok(());
        }
        self.memory_left -= page.len();
        let mut kept = std::mem::replace(page, Vec::with_capacity(page.capacity()));
        kept.shrink_to_fit();
        self.partitions[partition].push(Piece {
            leg,
            form: Form::Plain,
            place: Place::Memory(kept),
        });
        Ok(())
    }

    /// Keeps rows of a leg.
    pub(super) fn put(
        &mut self,
        partition: usize,
        leg: usize,
        form: Form,
        rows: &[u8],
    ) -> Result<(), ReconcileError> {
        let place = if rows.len() <= self.memory_left {
            self.memory_left -= rows.len();
            Place::Memory(rows.to_vec())
        } else {
            // What is on disk is not read back into a memory that was full once.
            self.memory_left = 0;
            let offset = self.file_length + self.unwritten.len() as u64;
            self.unwritten.extend_from_slice(rows);
            if self.unwritten.len() >= WRITTEN_BYTES {
                self.write()?;
            }
            Place::File {
                offset,
                length: rows.len(),
            }
        };
        self.partitions[partition].push(Piece { leg, form, place });
        Ok(())
    }

    /// How many bytes went to disk.
    #[cfg(test)]
    pub(super) fn spilled_bytes(&self) -> u64 {
        self.file_length + self.unwritten.len() as u64
    }

    /// Writes what is left; rows can be taken then.
    pub(super) fn complete(&mut self) -> Result<(), ReconcileError> {
        if !self.unwritten.is_empty() {
            self.write()?;
        }
        self.unwritten = Vec::new();
        Ok(())
    }

    /// Gives the rows of a partition to `take`, piece by piece as they came, and forgets them.
    pub(super) fn take(
        &mut self,
        partition: usize,
        mut take: impl FnMut(usize, Form, &[u8]) -> Result<(), ReconcileError>,
    ) -> Result<(), ReconcileError> {
        let mut read = Vec::new();
        for piece in std::mem::take(&mut self.partitions[partition]) {
            match piece.place {
                Place::Memory(rows) => take(piece.leg, piece.form, &rows)?,
                Place::File { offset, length } => {
                    read.resize(length, 0);
                    if let Some(file) = &self.file {
                        file.read_exact_at(&mut read, offset)
                            .map_err(|error| self.failed("read", error))?;
                    }
                    take(piece.leg, piece.form, &read)?;
                }
            }
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), ReconcileError> {
        if self.file.is_none() {
            let made = std::fs::create_dir_all(&self.folder)
                .and_then(|()| tempfile::tempfile_in(&self.folder))
                .map_err(|error| self.failed("written", error))?;
            self.file = Some(made);
        }
        if let Some(file) = &mut self.file {
            let written = file.write_all(&self.unwritten);
            written.map_err(|error| self.failed("written", error))?;
        }
        self.file_length += self.unwritten.len() as u64;
        self.unwritten.clear();
        Ok(())
    }

    fn failed(&self, action: &'static str, source: std::io::Error) -> ReconcileError {
        ReconcileError::Spill {
            action,
            folder: self.folder.clone(),
            source,
        }
    }
}
