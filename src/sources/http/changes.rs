//! Reading a change feed: what it names is asked for again, since what it says may be old.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};
use tokio::sync::mpsc;

use super::asked::{Asked, Asking};
use super::list::ListWalk;
use super::mapper::Mapper;
use super::plan::{ChangedPlan, ChangesPlan};
use super::reader::ReadList;
use super::session::Session;
use super::transport::Patience;
use super::window::Bounds;
use crate::fault::Failure;
use crate::sources::json::{Document, Json, Scope};

/// How many objects are asked for before their page is mapped.
const OBJECTS_A_PAGE: usize = 100;

/// An object that changed: which kind, and its id.
type Changed = (usize, String);

/// What a change feed says.
#[derive(Debug, Default)]
pub(super) struct ReadFeed {
    pub(super) objects: BTreeSet<Changed>,
    pub(super) read: ReadList,
}

/// Walks the feed of a window, and collects the objects that it names, each once.
pub(super) async fn read_feed(
    session: &Session,
    plan: &ChangesPlan,
    what: &str,
    asking: Asking<'_>,
    bounds: Bounds,
) -> Result<ReadFeed, Failure> {
    let asked = Asked::within(&plan.pages.request, what, asking, bounds)?;
    let mut walk = ListWalk::new(session, asked, &plan.pages);
    let mut feed = ReadFeed::default();
    while let Some(page) = walk.next().await? {
        feed.read.first_date = feed.read.first_date.or(page.date);
        for change in plan.pages.records_of(page.json.root()).unwrap_or_default() {
            let scope = Scope::of(change);
            for (kind, object) in plan.objects.iter().enumerate() {
                if object.conditions.iter().all(|one| one.holds(scope)) {
                    if let Some(id) = object.id.text(scope) {
                        feed.objects.insert((kind, id.to_owned()));
                    } else {
                        let path = object.id.text_form();
                        let why = format!("a change names no object at `{path}`");
                        feed.read.unproven = feed.read.unproven.or(Some(why));
                    }
                }
            }
        }
    }
    feed.read.unproven = feed.read.unproven.or(walk.unproven().map(str::to_owned));
    feed.read.came = feed.objects.len() as u64;
    Ok(feed)
}

/// What asking for an object came to.
enum Now {
    Record(Document),
    Gone(String),
}

/// Asks for every object again and maps what comes; the next ones are asked for meanwhile.
pub(super) async fn read_objects(
    session: &Session,
    plan: &ChangesPlan,
    what: &str,
    feed: &ReadFeed,
    mapper: &mut Mapper<'_>,
) -> Result<(), Failure> {
    for (kind, object) in plan.objects.iter().enumerate() {
        let mut under_way = Vec::new();
        for (_, id) in feed.objects.iter().filter(|(other, _)| *other == kind) {
            under_way.push(ask_again(session, object, what, id));
        }
        let (sender, mut receiver) = mpsc::channel(1);
        let asking = async move {
            let answers = stream::iter(under_way).buffered(session.side_by_side);
            let mut chunks = answers.chunks(OBJECTS_A_PAGE);
            while let Some(chunk) = chunks.next().await {
                if sender.send(chunk).await.is_err() {
                    break;
                }
            }
        };
        let mapper = &mut *mapper;
        let mapping = async move {
            while let Some(chunk) = receiver.recv().await {
                let chunk: Vec<Now> = chunk.into_iter().collect::<Result<_, Failure>>()?;
                map_chunk(mapper, object, &chunk).await?;
            }
            Ok::<(), Failure>(())
        };
        let ((), mapped) = tokio::join!(asking, mapping);
        mapped?;
    }
    Ok(())
}

async fn map_chunk(
    mapper: &mut Mapper<'_>,
    object: &ChangedPlan,
    chunk: &[Now],
) -> Result<(), Failure> {
    let Some(list) = mapper.stream.lists.get(object.list) else {
        return Ok(());
    };
    let mut records = Vec::new();
    let mut gone = Vec::new();
    for now in chunk {
        match now {
            Now::Record(record) => records.push(record.root()),
            Now::Gone(id) => gone.push(id.clone()),
        }
    }
    mapper.land(list, &records).await?;
    if gone.is_empty() {
        return Ok(());
    }
    mapper.bury(list, &gone).await
}

async fn ask_again(
    session: &Session,
    object: &ChangedPlan,
    what: &str,
    id: &str,
) -> Result<Now, Failure> {
    let given = vec![("id", Some(id.to_owned()))];
    let asked = Asked::about(&object.request, what, None, given);
    let call = asked.call(session, &[])?;
    let fits = |json: Json<'_>| match record_of(object, json) {
        Some(_) => Ok(()),
        None => Err("the body is not the object that was asked for".to_owned()),
    };
    let reply = match session.fetch(&call, &fits, Patience::Full).await {
        Ok(reply) => reply,
        Err(failure) if is_gone(&failure) => return Ok(Now::Gone(id.to_owned())),
        Err(failure) => return Err(failure),
    };
    let deleted = object
        .deleted
        .as_ref()
        .and_then(|path| path.one(Scope::of(reply.json.root())));
    if deleted.is_some_and(|flag| flag.scalar() == Some("true")) {
        return Ok(Now::Gone(id.to_owned()));
    }
    // What fits has one.
    let record = record_of(object, reply.json.root()).unwrap_or_else(|| reply.json.root());
    Ok(Now::Record(record.document()))
}

/// The object in an answer.
fn record_of<'j>(object: &ChangedPlan, json: Json<'j>) -> Option<Json<'j>> {
    let found = match &object.record {
        Some(path) => path.one(Scope::of(json))?,
        None => json,
    };
    found.entries().map(|_| found)
}

/// The codes of errors that say more than that a request failed.
const FORBIDDEN: &str = "XF-S005";
const NOT_FOUND: &str = "XF-S006";

fn is_gone(failure: &Failure) -> bool {
    failure.code() == NOT_FOUND
}

/// Whether a feed cannot be read at all, so that everything has to be.
pub(super) fn is_closed(failure: &Failure) -> bool {
    [FORBIDDEN, NOT_FOUND].contains(&failure.code())
}
