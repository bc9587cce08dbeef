//! `crossfoot status`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::context::Context;
use super::output::{self, Table};
use crate::fault::{Exit, Failure};
use crate::scheduler::jobs::{source_roles, source_states};
use crate::store::{Access, DiscrepancyFilter};

/// How many runs are shown.
const RUN_COUNT: u32 = 10;

pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let env = context.open(Access::Read).await?;
    let now = env.clock.now();
    let newest = env.store.newest_pulls(now).await?;
    let sources = source_states(&env, &source_roles(&env)?, now).await?;
    let runs = env.store.runs(None, RUN_COUNT).await?;
    let items = env
        .store
        .discrepancies(&DiscrepancyFilter::default())
        .await?;
    let open = items.iter().filter(|item| item.state.is_open()).count();
    let outbox = env.store.mail_counts().await?;
    let parked = env.store.parked_sources().await?;
    let parked_of = |source: &str| parked.iter().find(|parked| parked.source == source);
    let mut places = Vec::new();
    for pull in &newest {
        let cursor = env.store.cursor(&pull.source, &pull.stream).await?;
        places.push(Place::of(cursor.as_deref()));
    }

    if context.json() {
        let streams = |source: &str| -> Vec<Value> {
            let of_source = newest
                .iter()
                .zip(&places)
                .filter(|(pull, _)| pull.source == source);
            let shown = of_source.map(|(pull, place)| {
                json!({
                    "stream": pull.stream,
                    "state": pull.state.name(),
                    "sealed": pull.sealed,
                    "rows": pull.row_count,
                    "landed": pull.landed_count,
                    "listed": pull.listed_count,
                    "reported": pull.reported_count,
                    "quarantined": pull.rejected_count,
                    "at": pull.started_at,
                    "complete_to": place.at,
                    "swept_at": place.swept_at,
                    "reason": pull.reason,
                })
            });
            shown.collect()
        };
        let sources: Vec<Value> = sources
            .iter()
            .map(|one| {
                let mut value = json!(one);
                value["streams"] = json!(streams(&one.source));
                value["parked"] = parked_of(&one.source).map_or(
                    Value::Null,
                    |parked| json!({ "until": parked.until, "reason": parked.reason }),
                );
                value
            })
            .collect();
        let runs: Vec<Value> = runs
            .iter()
            .map(|run| {
                json!({
                    "run_id": run.run_id,
                    "job": run.job,
                    "state": run.state.name(),
                    "fire_at": run.fire_at,
                    "started_at": run.started_at,
                    "finished_at": run.finished_at,
                    "error": run.error,
                })
            })
            .collect();
        let outbox: serde_json::Map<String, Value> = outbox
            .iter()
            .map(|(state, count)| (state.name().to_owned(), json!(count)))
            .collect();
        output::json(&json!({
            "as_of": now,
            "sources": sources,
            "runs": runs,
            "open_discrepancies": open,
            "outbox": outbox,
        }))?;
        return Ok(Exit::Done);
    }

    let mut table = Table::new(&["source", "state", "last success", "parked until", "why"]);
    for one in &sources {
        table.row(vec![
            one.source.clone(),
            json!(one.state).as_str().unwrap_or_default().to_owned(),
            shown(one.last_success),
            parked_of(&one.source).map_or_else(|| "-".into(), |parked| parked.until.to_string()),
            one.reason.clone().unwrap_or_default(),
        ]);
    }
    table.print("no source is configured")?;
    output::line("")?;
    let mut table = Table::new(&[
        "source",
        "stream",
        "state",
        ">rows",
        ">landed",
        ">listed",
        ">reported",
        ">quarantined",
        "sealed",
        "at",
        "complete to",
        "swept",
    ]);
    for (pull, place) in newest.iter().zip(&places) {
        table.row(vec![
            pull.source.clone(),
            pull.stream.clone(),
            pull.state.name().to_owned(),
            pull.row_count.to_string(),
            pull.landed_count.to_string(),
            counted(pull.listed_count),
            counted(pull.reported_count),
            pull.rejected_count.to_string(),
            if pull.sealed { "yes" } else { "no" }.to_owned(),
            pull.started_at.to_string(),
            place.at.map_or_else(|| "-".into(), |at| at.to_string()),
            place
                .swept_at
                .map_or_else(|| "-".into(), |at| at.to_string()),
        ]);
    }
    table.print("nothing was pulled yet")?;
    output::line("")?;
    let mut table = Table::new(&["run", "job", "state", "started", "finished", "error"]);
    for run in &runs {
        table.row(vec![
            run.run_id.clone(),
            run.job.clone(),
            run.state.name().to_owned(),
            run.started_at.to_string(),
            shown(run.finished_at),
            run.error.clone().unwrap_or_default(),
        ]);
    }
    table.print("nothing ran yet")?;
    output::line("")?;
    let mails: Vec<String> = outbox
        .iter()
        .map(|(state, count)| format!("{count} {}", state.name()))
        .collect();
    let mails = if mails.is_empty() {
        "empty".to_owned()
    } else {
        mails.join(", ")
    };
    output::line(format!("open discrepancies: {open}; outbox: {mails}"))?;
    Ok(Exit::Done)
}

/// Up to where an incremental stream is known, by the vendor's clock.
#[derive(Debug, Default, serde::Deserialize)]
struct Place {
    /// The end of its last complete window.
    at: Option<Timestamp>,
    /// When every living record was last looked for.
    swept_at: Option<Timestamp>,
}

impl Place {
    fn of(cursor: Option<&str>) -> Self {
        let text = cursor.unwrap_or_default();
        serde_json::from_str(text).unwrap_or_else(|_| Self {
            at: text.parse().ok(),
            swept_at: None,
        })
    }
}

fn counted(count: Option<u64>) -> String {
    count.map_or_else(|| "-".into(), |count| count.to_string())
}

fn shown(instant: Option<Timestamp>) -> String {
    instant.map_or_else(|| "never".to_owned(), |instant| instant.to_string())
}
