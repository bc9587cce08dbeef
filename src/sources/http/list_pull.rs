//! Pulling one list: its pages are mapped as they come. A long one gives way to the lists that take
//! its place, which the vendor makes as exports; where those are not to be had, it is read after all.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::list::ListPage;
use super::plan::{InsteadPlan, ListPlan};
use super::reader::{ReadList, Reader};
use super::stream_pull::StreamPull;
use super::window::{Bounds, Window};
use crate::fault::Failure;
use crate::sources::error::SourceError;

impl StreamPull<'_> {
    /// Reads a list, or what takes its place when everything is read and it is long.
    pub(super) async fn read(&mut self, place: usize, bounds: Bounds) -> Result<(), Failure> {
        let list = &self.stream.lists[place];
        let instead = list.instead.as_ref().filter(|one| !one.places.is_empty());
        let Some(instead) = instead.filter(|_| bounds.changed.is_none()) else {
            return self.read_pages(place, bounds).await;
        };
        let Some(held) = self.hold(place, bounds, instead.above_rows).await? else {
            return self.read_instead(place, instead, bounds).await;
        };
        let (pages, read) = held;
        for page in &pages {
            self.map(list, page).await?;
        }
        self.take(read);
        Ok(())
    }

    async fn read_instead(
        &mut self,
        place: usize,
        instead: &InsteadPlan,
        bounds: Bounds,
    ) -> Result<(), Failure> {
        let before = (self.totals, self.mapper.unproven.clone());
        let mut refused = None;
        for other in &instead.places {
            match self.read_pages(*other, bounds).await {
                Ok(()) => {}
                Err(failure) if is_refusal(&failure) => {
                    refused = Some(failure);
                    break;
                }
                Err(failure) => return Err(failure),
            }
        }
        let Some(failure) = refused else {
            return Ok(());
        };
        // What came of it until then comes again, which changes nothing.
        (self.totals, self.mapper.unproven) = before;
        self.warnings.push(format!(
            "an export of {} is not to be had, so its pages are read: {}",
            self.stream.name,
            failure.line()
        ));
        self.read_pages(place, bounds).await
    }

    /// Maps the pages of a list as they come.
    async fn read_pages(&mut self, place: usize, bounds: Bounds) -> Result<(), Failure> {
        let list = &self.stream.lists[place];
        let (mut pages, reading) = self.begin(place, bounds);
        while let Some(page) = pages.recv().await {
            self.map(list, &page).await?;
        }
        let read = self.end(reading).await?;
        self.take(read);
        Ok(())
    }

    /// The pages of a list, together; nothing once more records came than that.
    async fn hold(
        &self,
        place: usize,
        bounds: Bounds,
        most: u64,
    ) -> Result<Option<(Vec<ListPage>, ReadList)>, Failure> {
        let list = &self.stream.lists[place];
        let (mut pages, reading) = self.begin(place, bounds);
        let mut held = Vec::new();
        let mut came = 0;
        while let Some(page) = pages.recv().await {
            came += (list.records_of(&page).len() + page.bad.len()) as u64;
            if came > most {
                return Ok(None);
            }
            held.push(page);
        }
        let read = self.end(reading).await?;
        Ok(Some((held, read)))
    }

    /// Reads a list in a task of its own: while a page is mapped, the next one is read, on another
    /// core.
    fn begin(&self, place: usize, bounds: Bounds) -> (mpsc::Receiver<ListPage>, Reading) {
        let created = self.start.filter(|_| self.stream.lists[place].starts());
        let bounds = Bounds {
            created: created.map(|from| Window { from, to: None }),
            ..bounds
        };
        let now = bounds
            .changed
            .and_then(|window| window.to)
            .unwrap_or_else(|| self.session.server_now());
        let (sender, receiver) = mpsc::channel(1);
        let (session, stream) = (Arc::clone(self.session), Arc::clone(self.stream));
        let tags = Arc::clone(&self.tags);
        let reading = AbortOnDropHandle::new(tokio::spawn(async move {
            let reader = Reader {
                session: &session,
                stream: &stream,
                list: &stream.lists[place],
                now,
                tags: &tags,
            };
            reader.read(bounds, sender).await
        }));
        (receiver, reading)
    }

    async fn end(&self, reading: Reading) -> Result<ReadList, Failure> {
        reading.await.map_err(|cause| SourceError::Page {
            source_name: self.session.source_name().to_owned(),
            stream: self.stream.name.clone(),
            detail: cause.to_string(),
        })?
    }

    async fn map(&mut self, list: &ListPlan, page: &ListPage) -> Result<(), Failure> {
        self.mapper.land(list, &list.records_of(page)).await?;
        if !page.bad.is_empty() {
            self.mapper.refuse(list, &page.bad, page.part).await?;
        }
        Ok(())
    }
}

/// The task that reads a list.
type Reading = AbortOnDropHandle<Result<ReadList, Failure>>;

/// Whether the vendor makes no such export, rather than not now.
fn is_refusal(failure: &Failure) -> bool {
    matches!(
        failure.fault::<SourceError>(),
        Some(
            SourceError::ExportFailed { .. }
                | SourceError::ExportLate { .. }
                | SourceError::Refused { .. }
                | SourceError::Forbidden { .. }
                | SourceError::NotFound { .. }
                | SourceError::NotRecords { .. }
        )
    )
}
