//! `crossfoot check`.

use clap::Args;
use serde_json::json;

use super::context::{Context, landing_root};
use super::output;
use crate::config::Config;
use crate::fault::{Exit, Failure};
use crate::landing::Landing;
use crate::reconcile::RuleFile;
use crate::scheduler::jobs::open_source;
use crate::scheduler::next_fires;
use crate::store::Access;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  crossfoot check\n  crossfoot check --offline")]
pub(super) struct CheckArguments {
    /// Only what can be checked without the network and without changing anything
    #[arg(long)]
    offline: bool,
}

/// One thing that was checked.
struct Finding {
    what: String,
    works: Vec<String>,
    can_miss: Vec<String>,
    failure: Option<Failure>,
}

impl Finding {
    fn of(what: impl Into<String>, result: Result<Vec<String>, Failure>) -> Self {
        let (works, failure) = match result {
            Ok(works) => (works, None),
            Err(failure) => (Vec::new(), Some(failure)),
        };
        Self {
            what: what.into(),
            works,
            can_miss: Vec::new(),
            failure,
        }
    }
}

pub(super) async fn run(context: &Context, arguments: &CheckArguments) -> Result<Exit, Failure> {
    let config = context.config()?;
    context.begin_log(Some(&config));
    let mut findings = vec![Finding::of("configuration", Ok(vec!["valid".into()]))];
    findings.extend(check_jobs(context, &config));
    findings.extend(check_mail_settings(&config));
    for name in &config.reconcile.rules {
        let checked = match RuleFile::find(name, &config.base) {
            Ok(rule) => check_rule_file(&config, &rule).await.map(|()| {
                let legs = rule.legs.iter().map(|leg| leg.name.as_str());
                vec![format!("compares {}", legs.collect::<Vec<_>>().join(", "))]
            }),
            Err(failure) => Err(failure),
        };
        findings.push(Finding::of(format!("rule {name}"), checked));
    }
    if arguments.offline {
        for name in config.source.keys() {
            let opened = crate::scheduler::jobs::open_source_offline(&config, &context.clock, name);
            let can_miss = opened.as_ref().cloned().unwrap_or_default();
            let works = opened.map(|_| vec!["credentials and maps are readable".into()]);
            findings.push(Finding {
                can_miss,
                ..Finding::of(format!("source {name}"), works)
            });
        }
    } else {
        findings.push(check_landing(&config));
        match context
            .open_with(config.clone(), Access::Write, context.clock.clone())
            .await
        {
            Ok(env) => {
                findings.push(Finding::of(
                    "store",
                    Ok(vec!["opened, schema up to date".into()]),
                ));
                for name in config.source.keys() {
                    findings.push(probe(&env, name).await);
                }
            }
            Err(failure) => findings.push(Finding::of("store", Err(failure))),
        }
        if let Some(mail) = &config.mail {
            let checked = match crate::mail::open(mail, &config.base) {
                Ok(mailer) => mailer.check().await.map(|()| vec!["accepts mail".into()]),
                Err(failure) => Err(failure),
            };
            findings.push(Finding::of("mail", checked));
        }
    }
    tell(context, &findings)
}

/// Proves that every entity and column that a rule names is there. Nothing is read or written.
pub(super) async fn check_rule_file(config: &Config, rule: &RuleFile) -> Result<(), Failure> {
    let spill_dir = landing_root(config)?.join("_spill");
    crate::reconcile::check_rule(config, rule, &spill_dir).await
}

fn check_jobs(context: &Context, config: &Config) -> Vec<Finding> {
    let check = |(name, job): (&String, &crate::config::JobConfig)| {
        let zone = job
            .timezone
            .as_ref()
            .map_or_else(|| config.zone(None), |zone| zone.0.clone());
        let fires = next_fires(name, job, &zone, context.clock.now(), 1);
        let works = fires.map(|fires| match fires.first() {
            Some(fire) => vec![format!("next at {}", fire.to_zoned(zone))],
            None => vec!["never fires".into()],
        });
        Finding::of(format!("job {name}"), works)
    };
    config.job.iter().map(check).collect()
}

/// Recipients and the server's address, without talking to it.
fn check_mail_settings(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(mail) = &config.mail {
        for (name, report) in &config.report {
            let recipients = config.recipients(report).into_iter();
            let addresses: Vec<String> = recipients.map(|(_, address)| address).collect();
            let valid =
                crate::mail::validate_recipients(&addresses, mail.allowed_domains.as_deref());
            let works = valid.map(|()| vec![format!("{} recipients", addresses.len())]);
            findings.push(Finding::of(format!("report {name}"), works));
        }
    }
    findings
}

fn check_landing(config: &Config) -> Finding {
    let opened = landing_root(config).and_then(|root| Landing::open(&root));
    Finding::of("landing", opened.map(|_| vec!["writable".into()]))
}

async fn probe(env: &crate::env::Env, name: &str) -> Finding {
    let what = format!("source {name}");
    let source = match open_source(env, name) {
        Ok(source) => source,
        Err(failure) => return Finding::of(what, Err(failure)),
    };
    match source.probe().await {
        Ok(report) => Finding {
            what,
            works: report.works,
            can_miss: report.can_miss,
            failure: None,
        },
        Err(failure) => Finding {
            can_miss: source.can_miss(),
            ..Finding::of(what, Err(failure))
        },
    }
}

fn tell(context: &Context, findings: &[Finding]) -> Result<Exit, Failure> {
    let exit = findings
        .iter()
        .filter_map(|finding| finding.failure.as_ref().map(Failure::exit))
        .max_by_key(|exit| exit.code())
        .unwrap_or(Exit::Done);
    if context.json() {
        let rows: Vec<_> = findings
            .iter()
            .map(|one| {
                json!({
                    "what": one.what,
                    "ok": one.failure.is_none(),
                    "works": one.works,
                    "can_miss": one.can_miss,
                    "error": one.failure.as_ref().map(Failure::line),
                })
            })
            .collect();
        output::json(&rows)?;
        return Ok(exit);
    }
    for one in findings {
        let mark = if one.failure.is_none() {
            "ok    "
        } else {
            "FAILED"
        };
        output::line(format!("{mark}  {}: {}", one.what, one.works.join("; ")))?;
        for gap in &one.can_miss {
            output::line(format!("        can miss: {gap}"))?;
        }
        if let Some(failure) = &one.failure {
            output::error_line(failure.report().trim_end());
        }
    }
    Ok(exit)
}
