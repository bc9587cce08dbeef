//! Asking an API for the least that proves credentials, reach and rights.

use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::SignedDuration;

use super::asked::{Asked, Asking};
use super::list::ListWalk;
use super::missed;
use super::plan::{PagesPlan, StartPlan, StreamPlan};
use super::pull::ApiSource;
use super::session::Session;
use super::transport::Patience;
use super::window::{Bounds, Window};
use crate::fault::Failure;
use crate::sources::connector::Pass;
use crate::sources::source::{ProbeReport, Source};

/// How much of the past a list of changes is asked for.
const PAST: Duration = Duration::from_hours(1);

/// Asks for one page of every list, each once. The first refusal is the answer.
pub(super) async fn probe(source: &ApiSource) -> Result<ProbeReport, Failure> {
    let session = source.enter(Patience::None).await?;
    let session = session.as_ref();
    let mut report = ProbeReport {
        works: Vec::new(),
        can_miss: source.can_miss(),
    };
    let mut under_way = Vec::new();
    for stream in &source.streams {
        for list in &stream.lists {
            // Nobody orders an export to try whether it could be ordered.
            let Some(pages) = &list.pages else {
                continue;
            };
            let pages = (pages, list.start.as_ref(), list.pass);
            under_way.push(ask(session, stream, pages, missed::proof_of(list)));
        }
        if let Some(changes) = &stream.changes {
            let pages = (&changes.pages, None, Pass::Changes);
            under_way.push(ask(session, stream, pages, "changes"));
        }
    }
    report.works = stream::iter(under_way)
        .buffered(session.side_by_side)
        .try_collect()
        .await?;
    Ok(report)
}

async fn ask(
    session: &Session,
    stream: &StreamPlan,
    (pages, start, pass): (&PagesPlan, Option<&StartPlan>, Pass),
    note: &str,
) -> Result<String, Failure> {
    let now = session.server_now();
    let past = SignedDuration::try_from(PAST).unwrap_or_default();
    let window = Window {
        from: now.checked_sub(past).unwrap_or(now),
        to: Some(now),
    };
    let bounds = Bounds {
        changed: stream.incremental.as_ref().map(|_| window),
        created: start.map(|_| window),
    };
    let asking = Asking {
        incremental: stream.incremental.as_ref(),
        start,
        pass,
        now,
    };
    let asked = Asked::within(&pages.request, &stream.name, asking, bounds)?;
    let nowhere = ["cursor", "last", "page", "offset"].map(|place| (place, None));
    let shown = asked
        .call(session.at(pages.host.as_deref()), &nowhere)?
        .shown();
    ListWalk::new(session, asked, pages)
        .impatient()
        .next()
        .await?;
    Ok(format!("{shown} answers with {} ({note})", stream.name))
}
