//! Files as a source.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::{glob, pull};
use crate::canonical::Entity;
use crate::config::FieldMap;
use crate::fault::Failure;
use crate::sources::error::SourceError;
use crate::sources::mapping::Books;
use crate::sources::page::{MappedPage, PullReport, PullRequest};
use crate::sources::registry::OpenSource;
use crate::sources::source::{MappedField, ProbeReport, Source, StreamInfo};

/// What is read, and how.
#[derive(Debug)]
pub(super) struct FileSet {
    pub(super) books: Arc<Books>,
    pub(super) base: PathBuf,
    pub(super) globs: BTreeMap<Entity, Vec<String>>,
    pub(super) maps: BTreeMap<Entity, FieldMap>,
    pub(super) sheets: BTreeMap<Entity, String>,
    pub(super) row_bytes_max: u64,
    pub(super) rows_max: u64,
}

/// A source that is a set of files.
#[derive(Debug)]
pub(in crate::sources) struct FilesSource {
    files: Arc<FileSet>,
}

/// Opens a `files` source. The files themselves are looked for when they are pulled.
pub(in crate::sources) fn open(request: &OpenSource<'_>) -> Result<FilesSource, Failure> {
    let config = request.config;
    if config.role.is_none() {
        return Err(SourceError::NoRole {
            source_name: request.name.to_owned(),
        }
        .into());
    }
    let wanted = |entity: &Entity| {
        config
            .streams
            .as_ref()
            .is_none_or(|streams| streams.contains(entity))
    };
    let globs = config
        .files
        .iter()
        .filter(|(entity, _)| wanted(entity))
        .map(|(entity, globs)| (*entity, globs.as_slice().to_vec()))
        .collect();
    let books = Arc::new(Books {
        source: request.name.to_owned(),
        zone: request.zone.clone(),
        currency: request.currency,
        minor_units: BTreeMap::new(),
    });
    let files = FileSet {
        books,
        base: request.base.to_owned(),
        globs,
        maps: config.map.clone(),
        sheets: config.sheets.clone(),
        row_bytes_max: config.limits.page_bytes.0,
        rows_max: config.limits.rows,
    };
    Ok(FilesSource {
        files: Arc::new(files),
    })
}

impl FileSet {
    /// The files of an entity, sorted, each once. A glob that matches nothing is an error: an
    /// export that did not run must not look like an empty one.
    pub(super) fn matched(&self, entity: Entity) -> Result<Vec<PathBuf>, SourceError> {
        let mut paths = std::collections::BTreeSet::new();
        for pattern in self.globs.get(&entity).into_iter().flatten() {
            let found =
                glob::expand(&self.base, pattern).map_err(|cause| SourceError::Unreadable {
                    source_name: self.books.source.clone(),
                    path: self.base.join(pattern),
                    cause,
                })?;
            if found.is_empty() {
                return Err(SourceError::NoFile {
                    source_name: self.books.source.clone(),
                    entity: entity.name().to_owned(),
                    glob: pattern.clone(),
                });
            }
            paths.extend(found);
        }
        Ok(paths.into_iter().collect())
    }

    fn known(&self) -> String {
        self.globs
            .keys()
            .map(|entity| entity.name())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

#[async_trait]
impl Source for FilesSource {
    fn name(&self) -> &str {
        &self.files.books.source
    }

    fn streams(&self) -> Vec<StreamInfo> {
        self.files
            .globs
            .keys()
            .map(|entity| StreamInfo {
                name: entity.name().to_owned(),
                entities: vec![*entity],
            })
            .collect()
    }

    async fn pull(
        &self,
        request: PullRequest,
        pages: mpsc::Sender<MappedPage>,
    ) -> Result<PullReport, Failure> {
        let entity = self
            .files
            .globs
            .keys()
            .find(|entity| entity.name() == request.stream);
        let Some(entity) = entity.copied() else {
            return Err(SourceError::NoStream {
                source_name: self.name().to_owned(),
                stream: request.stream,
                known: self.files.known(),
            }
            .into());
        };
        let files = Arc::clone(&self.files);
        // Reading and parsing block; the runtime's own threads must not.
        let reading =
            tokio::task::spawn_blocking(move || pull::pull(&files, entity, request.now, &pages));
        match reading.await {
            Ok(report) => Ok(report?),
            Err(_) => Err(SourceError::Stopped {
                source_name: self.name().to_owned(),
                stream: entity.name().to_owned(),
            }
            .into()),
        }
    }

    fn mapped_fields(&self) -> Vec<MappedField> {
        let entities = self.files.globs.keys();
        let fields = entities.flat_map(|entity| {
            let map = self.files.maps.get(entity);
            entity.columns().flat_map(move |column| {
                let paths = match map {
                    None => vec![column.name.to_owned()],
                    Some(map) => map
                        .get(column.name)
                        .map(|rule| rule.table().paths().to_vec())
                        .unwrap_or_default(),
                };
                paths.into_iter().map(|path| MappedField {
                    entity: *entity,
                    column: column.name,
                    path,
                })
            })
        });
        fields.collect()
    }

    async fn probe(&self) -> Result<ProbeReport, Failure> {
        let mut report = ProbeReport::default();
        for entity in self.files.globs.keys() {
            let paths = self.files.matched(*entity)?;
            for path in &paths {
                pull::check(&self.files, *entity, path)?;
            }
            report
                .works
                .push(format!("{entity}: {} files can be read", paths.len()));
        }
        report
            .can_miss
            .push("what the export leaves out: files are believed as they are".into());
        Ok(report)
    }
}
