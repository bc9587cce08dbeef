//! What types alone cannot say: names that must exist elsewhere, and values that must fit together.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::job::SyncScope;
use super::problem::{Problem, nearest};
use super::{AbsoluteTolerance, Config};

/// Checks a typed configuration. The text and table only serve to point at what is wrong.
pub(super) fn validate(config: &Config, text: &str, table: &DeTable<'_>) -> Vec<Problem> {
    let mut check = Check {
        text,
        table,
        problems: Vec::new(),
    };
    check_names(config, &mut check);
    check_sources(config, &mut check);
    check_jobs(config, &mut check);
    check_reports(config, &mut check);
    check_tolerances(config, &mut check);
    check_levels(config, &mut check);
    check_users(config, &mut check);
    check.problems
}

struct Check<'c> {
    text: &'c str,
    table: &'c DeTable<'c>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn wrong(&mut self, path: &[&str], message: &str) {
        let span = span_of(self.table, path);
        self.problems.push(Problem::at(self.text, span, message));
    }
}

/// The span of the value at a path, or of the nearest table above it that is there.
pub(super) fn span_of(table: &DeTable<'_>, path: &[&str]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let (key, value) = table.get_key_value(*first)?;
    if rest.is_empty() {
        let is_table = matches!(value.get_ref(), DeValue::Table(_));
        return Some(if is_table { key.span() } else { value.span() });
    }
    let inner = match value.get_ref() {
        DeValue::Table(inner) => span_of(inner, rest),
        DeValue::Array(items) => rest
            .first()
            .and_then(|index| index.parse::<usize>().ok())
            .and_then(|index| items.get(index))
            .and_then(|item| match item.get_ref() {
                DeValue::Table(inner) => span_of(inner, &rest[1..]).or(Some(item.span())),
                _ => Some(item.span()),
            }),
        _ => None,
    };
    inner.or(Some(key.span()))
}

fn unknown_name<'n>(
    what: &str,
    wrong: &str,
    known: impl IntoIterator<Item = &'n String> + Clone,
) -> String {
    if let Some(near) = nearest(wrong, known.clone().into_iter().map(String::as_str)) {
        return format!("there is no {what} `{wrong}`: did you mean `{near}`?");
    }
    let names: Vec<_> = known.into_iter().map(String::as_str).collect();
    let list = if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    };
    format!("there is no {what} `{wrong}`: configured are {list}")
}

/// Names become folder names, labels and parts of keys.
fn check_names(config: &Config, check: &mut Check<'_>) {
    let plain = |name: &str| {
        !name.is_empty()
            && name.len() <= 64
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let message = "a name is made of letters, digits, `-` and `_`, at most 64";
    for name in config.source.keys().filter(|name| !plain(name)) {
        check.wrong(&["source", name], message);
    }
    for name in config.job.keys().filter(|name| !plain(name)) {
        check.wrong(&["job", name], message);
    }
    for name in config.report.keys().filter(|name| !plain(name)) {
        check.wrong(&["report", name], message);
    }
    for (name, branch) in &config.branch {
        if let Some(calendar) = &branch.calendar
            && !config.calendar.contains_key(calendar)
        {
            let problem = unknown_name("calendar", calendar, config.calendar.keys());
            check.wrong(&["branch", name, "calendar"], &problem);
        }
    }
}

fn check_sources(config: &Config, check: &mut Check<'_>) {
    for (name, source) in &config.source {
        if source.connector == "files" {
            if source.role.is_none() {
                check.wrong(
                    &["source", name],
                    "a `files` source needs its role: crm, billing, usage, vendor or bank",
                );
            }
            if source.files.is_empty() {
                check.wrong(
                    &["source", name],
                    "a `files` source needs its files: `files = { usage = \"drop/usage-*.csv\" }`",
                );
            }
        } else if !source.files.is_empty() {
            check.wrong(
                &["source", name, "files"],
                "only a `files` source has files",
            );
        }
        for (entity, fields) in &source.map {
            for column in fields.keys() {
                if entity.index_of(column).is_none() {
                    let names: Vec<_> = entity.columns().map(|one| one.name).collect();
                    let problem = match nearest(column, names.iter().copied()) {
                        Some(near) => {
                            format!("{entity} has no column `{column}`: did you mean `{near}`?")
                        }
                        None => {
                            format!(
                                "{entity} has no column `{column}`: it has {}",
                                names.join(", ")
                            )
                        }
                    };
                    check.wrong(&["source", name, "map", entity.name(), column], &problem);
                }
            }
        }
    }
}

fn check_jobs(config: &Config, check: &mut Check<'_>) {
    for (name, job) in &config.job {
        if let Some(SyncScope::Named(sources)) = &job.sync {
            for source in sources
                .iter()
                .filter(|source| !config.source.contains_key(*source))
            {
                let problem = unknown_name("source", source, config.source.keys());
                check.wrong(&["job", name, "sync"], &problem);
            }
        }
        for report in &job.reports {
            let Some(configured) = config.report.get(report) else {
                let problem = unknown_name("report", report, config.report.keys());
                check.wrong(&["job", name, "reports"], &problem);
                continue;
            };
            if configured.to.is_empty() {
                let problem = format!("report `{report}` has no recipients: add `to = [..]`");
                check.wrong(&["report", report], &problem);
            }
        }
        if !job.reports.is_empty() && config.mail.is_none() {
            check.wrong(
                &["job", name, "reports"],
                "sending reports needs a [mail] table",
            );
        }
        let idle = job.sync.is_none() && job.reconcile.is_none() && !job.collections;
        if idle && job.reports.is_empty() {
            check.wrong(
                &["job", name],
                "the job has nothing to do: give it sync, reconcile, collections or reports",
            );
        }
    }
}

fn check_reports(config: &Config, check: &mut Check<'_>) {
    for (name, report) in &config.report {
        if report.kind_of(name).is_none() {
            check.wrong(
                &["report", name],
                "the report needs its kind: discrepancy-rate, resolution-time or collection-status",
            );
        }
        for entry in report.to.iter().filter(|entry| !entry.contains('@')) {
            let problem = match config.user.get(entry) {
                None => unknown_name("user", entry, config.user.keys()),
                Some(user) if user.email.is_none() => {
                    format!("user `{entry}` has no email: add one to [user.{entry}]")
                }
                Some(user) if !user.may.contains(&super::Right::Read) => {
                    format!("user `{entry}` may not read: add `read` to `may` of [user.{entry}]")
                }
                Some(_) => continue,
            };
            check.wrong(&["report", name, "to"], &problem);
        }
        if let Some(branch) = &report.branch
            && !config.branch.contains_key(branch)
        {
            let problem = unknown_name("branch", branch, config.branch.keys());
            check.wrong(&["report", name, "branch"], &problem);
        }
    }
}

fn check_tolerances(config: &Config, check: &mut Check<'_>) {
    let tolerance = &config.tolerance;
    let named = [
        ("quantity", Some(&tolerance.quantity)),
        ("amount", Some(&tolerance.amount)),
        ("unit_price", Some(&tolerance.unit_price)),
        ("tax", tolerance.tax.as_ref()),
        ("cash", Some(&tolerance.cash)),
    ];
    for (name, limits) in named {
        let Some(limits) = limits else { continue };
        let negative =
            |limit: &super::DecimalText| limit.0.is_sign_negative() && !limit.0.is_zero();
        let absolute_negative = match &limits.absolute {
            Some(AbsoluteTolerance::Plain(limit)) => negative(limit),
            Some(AbsoluteTolerance::PerCurrency(limits)) => limits.values().any(negative),
            None => false,
        };
        if absolute_negative || limits.percent.as_ref().is_some_and(negative) {
            check.wrong(&["tolerance", name], "a tolerance is not negative");
        }
    }
}

fn check_users(config: &Config, check: &mut Check<'_>) {
    for (name, user) in &config.user {
        let unknown = user
            .branches
            .iter()
            .filter(|branch| !config.branch.contains_key(*branch));
        for branch in unknown {
            let problem = unknown_name("branch", branch, config.branch.keys());
            check.wrong(&["user", name, "branches"], &problem);
        }
        if user.may.is_empty() {
            check.wrong(
                &["user", name],
                "the user may do nothing: `may = [..]` takes read, work, approve, close",
            );
        }
    }
}

fn check_levels(config: &Config, check: &mut Check<'_>) {
    let levels = &config.collections.level;
    for (at, pair) in levels.windows(2).enumerate() {
        if pair[1].days_past_due <= pair[0].days_past_due {
            let index = (at + 1).to_string();
            check.wrong(
                &["collections", "level", &index, "days_past_due"],
                "the levels must rise: this one is reached no later than the one before it",
            );
        }
    }
}
