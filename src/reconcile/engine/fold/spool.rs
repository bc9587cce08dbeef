//! Packed rows by partition: in memory up to a budget, and in one unnamed file beyond it.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::reconcile::error::ReconcileError;

/// Bytes that are written to the file at once.
const WRITTEN_BYTES: usize = 1 << 20;

enum Place {
    Memory(Box<[u8]>),
    File { offset: u64, length: usize },
}

struct Chunk {
    leg: usize,
    place: Place,
}

/// Where rows wait for their partition's turn.
pub(super) struct Spool {
    partitions: Vec<Vec<Chunk>>,
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

    /// Keeps packed rows of a leg.
    pub(super) fn put(
        &mut self,
        partition: usize,
        leg: usize,
        packed: &[u8],
    ) -> Result<(), ReconcileError> {
        let place = if packed.len() <= self.memory_left {
            self.memory_left -= packed.len();
            Place::Memory(packed.into())
        } else {
            // What is on disk is not read back into a memory that was full once.
            self.memory_left = 0;
            let offset = self.file_length + self.unwritten.len() as u64;
            self.unwritten.extend_from_slice(packed);
            if self.unwritten.len() >= WRITTEN_BYTES {
                self.write()?;
            }
            Place::File {
                offset,
                length: packed.len(),
            }
        };
        self.partitions[partition].push(Chunk { leg, place });
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

    /// Gives the packed rows of a partition to `take`, leg by leg as they came, and forgets them.
    pub(super) fn take(
        &mut self,
        partition: usize,
        mut take: impl FnMut(usize, &[u8]) -> Result<(), ReconcileError>,
    ) -> Result<(), ReconcileError> {
        let mut read = Vec::new();
        for chunk in std::mem::take(&mut self.partitions[partition]) {
            match chunk.place {
                Place::Memory(packed) => take(chunk.leg, &packed)?,
                Place::File { offset, length } => {
                    read.resize(length, 0);
                    if let Some(file) = &self.file {
                        file.read_exact_at(&mut read, offset)
                            .map_err(|error| self.failed("read", error))?;
                    }
                    take(chunk.leg, &read)?;
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
