//! Makes a report and puts it into the outbox: a version is new when a printed figure changed, and
//! each version goes to each recipient once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::compute_kpi::{keep_kpi, report_input};
use crate::config::{ReportConfig, ReportKind, nearest_name};
use crate::env::Env;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::mail::{MailEnvelope, compose, validate_recipients};
use crate::period::PeriodSpan;
use crate::report::kpi::{BannerState, Kpi};
use crate::report::{Rendered, file_set, render};
use crate::secret::write_private;
use crate::store::{OutboxMail, ReportVersion};

/// What the making of a report came to.
#[derive(Debug, Clone, Serialize)]
pub struct ReportSummary {
    /// The report's name.
    pub report: String,
    /// The period.
    pub period: String,
    /// The version: 2 and more are corrections.
    pub version: u32,
    /// The subject.
    pub subject: String,
    /// Mails that are new in the outbox; 0 when this version was put there before.
    pub mails: u64,
    /// Whether some source was failed, partial or stale.
    pub incomplete: bool,
}

impl ReportSummary {
    /// What a person reads.
    pub fn sentence(&self) -> String {
        let what = format!(
            "report {} {}, version {}",
            self.report, self.period, self.version
        );
        if self.mails == 0 {
            format!("{what}: in the outbox already, nothing new")
        } else {
            format!("{what}: {} mails, {}", self.mails, self.subject)
        }
    }
}

/// Why a report cannot be made.
#[derive(Debug, thiserror::Error)]
enum ReportRequestError {
    #[error("there is no report `{name}`")]
    NoReport { name: String, near: Option<String> },
    #[error("report `{0}` has nobody to go to")]
    NoRecipients(String),
    #[error("there is no [mail] table: reports cannot be sent")]
    NoMail,
    #[error("the report could not be written: {path}")]
    Unwritable {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
}

impl Fault for ReportRequestError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoReport { .. } => "XF-J110",
            Self::NoRecipients(_) => "XF-J111",
            Self::NoMail => "XF-J112",
            Self::Unwritable { .. } => "XF-J113",
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoReport {
                near: Some(near), ..
            } => format!("did you mean `{near}`?"),
            Self::NoReport { .. } => {
                "name a table [report.<name>] of the configuration, or discrepancy-rate, \
                 resolution-time, collection-status"
                    .into()
            }
            Self::NoRecipients(name) => format!("add `to = [..]` to [report.{name}]"),
            Self::NoMail => "add a [mail] table, or write the report with --out DIR".into(),
            Self::Unwritable { .. } => "name a folder that you may write to".into(),
        })
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Unwritable { .. } => Exit::Failed,
            _ => Exit::Usage,
        }
    }
}

/// The configured report of a name; a kind's own name needs no table to be shown.
fn find(env: &Env, name: &str) -> Result<(ReportKind, ReportConfig), ReportRequestError> {
    let config = env.config.report.get(name).cloned();
    let kind = config.clone().unwrap_or_default().kind_of(name);
    if let Some(kind) = kind {
        return Ok((kind, config.unwrap_or_default()));
    }
    let kinds = ReportKind::ALL.iter().map(|kind| kind.name());
    let known = env.config.report.keys().map(String::as_str).chain(kinds);
    Err(ReportRequestError::NoReport {
        name: name.to_owned(),
        near: nearest_name(name, known),
    })
}

fn is_incomplete(kpi: &Kpi) -> bool {
    matches!(
        kpi.banner.state,
        BannerState::Failed | BannerState::Partial | BannerState::Stale
    )
}

/// A report of its next version: the rendered one, its version, and whether it is a new one.
struct Made {
    rendered: Rendered,
    version: ReportVersion,
    kpi: Kpi,
}

async fn make(
    env: &Env,
    run_id: &str,
    name: &str,
    kind: ReportKind,
    config: &ReportConfig,
    span: PeriodSpan,
) -> Result<Made, Failure> {
    let mut input = Box::pin(report_input(env, run_id, kind, config, span)).await?;
    let scope = config.branch.clone().unwrap_or_else(|| "all".to_owned());
    let period = span.to_string();
    let before = env.store.report_version(name, &scope, &period).await?;
    let first = render(&input)?;
    let figures = serde_json::to_string(&first.printed).unwrap_or_default();
    let digest = blake3::hash(figures.as_bytes()).to_hex().to_string();
    let version = ReportVersion {
        report: name.to_owned(),
        scope,
        period,
        version: before.as_ref().map_or(1, |before| {
            if before.figures_digest == digest {
                before.version
            } else {
                before.version + 1
            }
        }),
        figures_digest: digest,
        figures,
        created_at: env.clock.now(),
    };
    if version.version == 1 {
        return Ok(Made {
            rendered: first,
            version,
            kpi: input.kpi,
        });
    }
    // A later version says that it is one, and what changed.
    input.version = version.version;
    if let Some(before) = before.filter(|before| before.version < version.version) {
        let earlier: Vec<(String, String)> =
            serde_json::from_str(&before.figures).unwrap_or_default();
        input.corrections = changed_figures(&earlier, &first.printed);
    }
    Ok(Made {
        rendered: render(&input)?,
        version,
        kpi: input.kpi,
    })
}

/// What stands in place of a figure that one of two versions does not have.
const NOT_PRINTED: &str = "not printed";

/// The figures that differ between two versions: (figure, was, is), in the order of the page, and
/// then those that are gone.
fn changed_figures(
    earlier: &[(String, String)],
    now: &[(String, String)],
) -> Vec<(String, String, String)> {
    let in_earlier: BTreeMap<&str, &str> = by_name(earlier);
    let in_now: BTreeMap<&str, &str> = by_name(now);
    let changed = now.iter().filter_map(|(figure, is)| {
        let was = in_earlier.get(figure.as_str()).copied();
        (was != Some(is)).then(|| (figure, was.unwrap_or(NOT_PRINTED), is.as_str()))
    });
    let gone = earlier
        .iter()
        .filter(|(figure, _)| !in_now.contains_key(figure.as_str()))
        .map(|(figure, was)| (figure, was.as_str(), NOT_PRINTED));
    changed
        .chain(gone)
        .map(|(figure, was, is)| (figure.clone(), was.to_owned(), is.to_owned()))
        .collect()
}

fn by_name(figures: &[(String, String)]) -> BTreeMap<&str, &str> {
    figures
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect()
}

/// Makes a report and puts it into the outbox, for each recipient once per version. Users whose
/// branches are limited get one report for each of them.
pub async fn send_report(
    env: &Env,
    run_id: &str,
    name: &str,
    span: PeriodSpan,
) -> Result<ReportSummary, Failure> {
    let (kind, config) = find(env, name)?;
    let mail = env.config.mail.as_ref().ok_or(ReportRequestError::NoMail)?;
    let mut scopes: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
    for (branch, address) in env.config.recipients(&config) {
        scopes.entry(branch).or_default().push(address);
    }
    if scopes.is_empty() {
        return Err(ReportRequestError::NoRecipients(name.to_owned()).into());
    }
    for recipients in scopes.values() {
        validate_recipients(recipients, mail.allowed_domains.as_deref())?;
    }
    let mut summary: Option<ReportSummary> = None;
    for (branch, recipients) in scopes {
        let scoped = ReportConfig {
            branch,
            ..config.clone()
        };
        let sent = send_scope(env, run_id, (name, kind, &scoped), span, &recipients).await?;
        match &mut summary {
            Some(summary) => {
                summary.mails += sent.mails;
                summary.incomplete |= sent.incomplete;
            }
            None => summary = Some(sent),
        }
    }
    Ok(summary.ok_or_else(|| ReportRequestError::NoRecipients(name.to_owned()))?)
}

/// The report of one scope for those who get it.
async fn send_scope(
    env: &Env,
    run_id: &str,
    (name, kind, config): (&str, ReportKind, &ReportConfig),
    span: PeriodSpan,
    recipients: &[String],
) -> Result<ReportSummary, Failure> {
    let mail = env.config.mail.as_ref().ok_or(ReportRequestError::NoMail)?;
    let made = make(env, run_id, name, kind, config, span).await?;
    let mut mails: Vec<OutboxMail> = Vec::new();
    for recipient in recipients {
        mails.push(compose(
            &made.rendered,
            &MailEnvelope {
                from: mail.from.clone(),
                reply_to: mail.reply_to.clone(),
                to: recipient.clone(),
                report: name.to_owned(),
                scope: made.version.scope.clone(),
                period: made.version.period.clone(),
                version: made.version.version,
                at: env.clock.now(),
            },
        )?);
    }
    // The mails first: a version without its mails would never be sent.
    let new = env.store.enqueue_mails(&mails).await?;
    env.store.save_report_version(&made.version).await?;
    if span.is_month() {
        keep_kpi(env, run_id, span.first, &made.kpi).await?;
    }
    Ok(ReportSummary {
        report: name.to_owned(),
        period: made.version.period,
        version: made.version.version,
        subject: made.rendered.subject,
        mails: new,
        incomplete: is_incomplete(&made.kpi),
    })
}

/// Makes a report and writes it to a folder; nothing is sent and nothing is kept.
pub async fn write_report(
    env: &Env,
    name: &str,
    span: PeriodSpan,
    folder: &Path,
) -> Result<(Vec<PathBuf>, bool), Failure> {
    let (kind, config) = find(env, name)?;
    let made = make(env, "preview", name, kind, &config, span).await?;
    let unwritable = |path: &Path, cause| ReportRequestError::Unwritable {
        path: path.to_owned(),
        cause,
    };
    std::fs::create_dir_all(folder).map_err(|cause| unwritable(folder, cause))?;
    let mut files = file_set(&made.rendered, name, &span.to_string());
    let envelope = MailEnvelope {
        from: env.config.mail.as_ref().map_or_else(
            || "crossfoot <crossfoot@localhost.localdomain>".to_owned(),
            |mail| mail.from.clone(),
        ),
        reply_to: None,
        to: env
            .config
            .recipients(&config)
            .into_iter()
            .map(|(_, address)| address)
            .next()
            .unwrap_or_else(|| "preview@localhost.localdomain".to_owned()),
        report: name.to_owned(),
        scope: made.version.scope.clone(),
        period: made.version.period.clone(),
        version: made.version.version,
        at: env.clock.now(),
    };
    files.push((
        format!("{name}-{span}.eml"),
        compose(&made.rendered, &envelope)?.eml,
    ));
    let mut paths = Vec::new();
    for (file_name, bytes) in files {
        let path = folder.join(file_name);
        write_private(&path, &bytes).map_err(|cause| unwritable(&path, cause))?;
        paths.push(path);
    }
    Ok((paths, is_incomplete(&made.kpi)))
}
