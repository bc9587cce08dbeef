//! `crossfoot schedule`.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::output::{self, Table};
use crate::config::Config;
use crate::fault::{Exit, Failure};
use crate::scheduler::{next_fires, resume_job};
use crate::store::{Access, ParkedSource, StoreError};

#[derive(Debug, Args)]
pub(super) struct ScheduleArguments {
    /// How many fires of each job
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    count: u16,
}

pub(super) async fn run(context: &Context, arguments: &ScheduleArguments) -> Result<Exit, Failure> {
    let config = context.config()?;
    let now = context.clock.now();
    let mut rows = Vec::new();
    let mut table = Table::new(&["job", "zone", "fires at (local)", "UTC"]);
    let books_zone = config.zone(None);
    for (name, job) in &config.job {
        let zone = job
            .timezone
            .as_ref()
            .map_or_else(|| config.zone(None), |zone| zone.0.clone());
        let zone_name = zone.iana_name().unwrap_or("UTC").to_owned();
        let fires = next_fires(name, job, &zone, now, usize::from(arguments.count))?;
        for fire in &fires {
            let local = fire.to_zoned(zone.clone());
            table.row(vec![
                name.clone(),
                zone_name.clone(),
                local.strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string(),
                fire.to_string(),
            ]);
        }
        rows.push(
            json!({ "job": name, "schedule": job.schedule, "timezone": zone_name, "fires": fires }),
        );
    }
    for parked in parked_sources(context, config).await {
        let local = parked.until.to_zoned(books_zone.clone());
        table.row(vec![
            resume_job(&parked.source),
            books_zone.iana_name().unwrap_or("UTC").to_owned(),
            local.strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string(),
            parked.until.to_string(),
        ]);
        rows.push(json!({
            "job": resume_job(&parked.source),
            "schedule": null,
            "timezone": books_zone.iana_name().unwrap_or("UTC"),
            "fires": [parked.until],
            "reason": parked.reason,
        }));
    }
    if context.json() {
        output::json(&rows)?;
    } else {
        table.print("no job is configured")?;
    }
    Ok(Exit::Done)
}

/// The sources that are pulled again once their vendor lets itself be asked. A store that is not
/// there yet knows of none; the schedule itself is told without any store.
async fn parked_sources(context: &Context, config: Config) -> Vec<ParkedSource> {
    let asking = async {
        let env = context
            .open_with(config, Access::Read, context.clock.clone())
            .await?;
        env.store.parked_sources().await
    };
    match asking.await {
        Ok(parked) => parked,
        Err(failure) => {
            if !matches!(failure.fault::<StoreError>(), Some(StoreError::Missing(_))) {
                output::error_line(&format!(
                    "warning: which sources wait for their vendor is not known: {}",
                    failure.line()
                ));
            }
            Vec::new()
        }
    }
}
