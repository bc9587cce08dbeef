//! The rules themselves, as data: who may import what, and where each package lives.

/// Modules that every other may use and that use only each other.
pub(super) const VOCABULARY: &[&str] = &[
    "clock",
    "crashpoint",
    "currency",
    "days",
    "fault",
    "money",
    "period",
    "retry",
    "secret",
    "totals",
];

/// The stages, in the order of the data's way.
pub(super) const STAGES: &[&str] = &[
    "sources",
    "landing",
    "reconcile",
    "collections",
    "store",
    "report",
    "mail",
];

/// What stands on the jobs, and which nothing below may import.
pub(super) const TOP: &[&str] = &["cli", "demo", "ops"];

/// Types that travel on a hop, by the stage that defines them. Other stages may import these and
/// nothing else of it. A type that newly travels is added here, with the change that sends it.
pub(super) const HOP_TYPES: &[(&str, &[&str])] = &[
    (
        "sources",
        &[
            "Gone",
            "MappedPage",
            "PullReport",
            "PullRequest",
            "Seal",
            "Seen",
            "StreamInfo",
            "Whole",
        ],
    ),
    (
        "landing",
        &[
            "LandedFile",
            "LandedPull",
            "LandedRows",
            "RowSet",
            "Snapshot",
        ],
    ),
    (
        "reconcile",
        &[
            "AccountRef",
            "Amounts",
            "cash::AppliedPart",
            "cash::CashBook",
            "cash::CashPayment",
            "cash::CreditKind",
            "cash::LedgerInvoice",
            "cash::LedgerPayment",
            "cash::MatchedBy",
            "cash::Movement",
            "cash::MovementKind",
            "cash::OpenCredit",
            "cash::OpenInvoice",
            "cash::PaymentAccuracy",
            "cash::PaymentState",
            "Completeness",
            "Discrepancy",
            "DiscrepancyEvent",
            "DiscrepancyState",
            "Finding",
            "Found",
            "ItemWorth",
            "Kind",
            "Off",
            "Outcome",
            "PeriodState",
            "ResolutionCode",
            "Severity",
            "Side",
            "Standing",
            "UnitTotals",
            "UnitWorth",
            "WaitingOn",
        ],
    ),
    ("collections", &[]),
    (
        "store",
        &[
            "AuditEntry",
            "Case",
            "CashDecision",
            "CashPart",
            "CashWait",
            "ChangeParts",
            "ChangeSender",
            "CrosswalkEntry",
            "DiscrepancyChange",
            "DiscrepancyFilter",
            "FileFilter",
            "KpiSnapshot",
            "MailState",
            "NewAuditEntry",
            "NewRun",
            "OutboxMail",
            "ParkedSource",
            "PeriodClose",
            "PeriodMove",
            "Pull",
            "PullState",
            "Reconciliation",
            "ReportVersion",
            "RateBudget",
            "RotatedToken",
            "Run",
            "RunState",
            "Schedule",
        ],
    ),
    ("report", &["ChartImage", "Rendered", "Sheet", "kpi"]),
    ("mail", &["OutboundMail"]),
];

/// The traits of the book: the planner and `env` hold the book itself, stages do not.
pub(super) const STORE_TRAITS: &[&str] = &["RunStore", "Store"];

/// One home per package; Parquet has a second one, where files of others are read.
pub(super) const PACKAGE_HOMES: &[(&str, &[&str])] = &[
    ("reqwest", &["src/sources/http/"]),
    ("sqlx", &["src/store/"]),
    ("parquet", &["src/landing/", "src/sources/files/"]),
    ("zstd", &["src/landing/"]),
    ("flate2", &["src/sources/files/"]),
    ("zip", &["src/sources/files/"]),
    ("quick_xml", &["src/sources/files/"]),
    ("datafusion", &["src/reconcile/engine/"]),
    ("lettre", &["src/mail/"]),
    ("tokio_cron_scheduler", &["src/scheduler/"]),
];

/// Names that say nothing of what is inside.
pub(super) const EMPTY_NAMES: &[&str] = &[
    "common", "data", "handler", "helper", "helpers", "info", "manager", "misc", "types", "util",
    "utils",
];

/// At this length a file is split by concept.
pub(super) const LINES_MAX: usize = 500;

/// The top level of the repository, beside dotfiles and what `.gitignore` names.
pub(super) const TOP_LEVEL: &[&str] = &[
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "config",
    "migrations",
    "src",
    "systemd",
    "tests",
];

/// Where a file stands in the layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer<'a> {
    Root,
    Vocabulary,
    Canonical,
    Config,
    Env,
    Stage(&'a str),
    Scheduler,
    Jobs,
    Top(&'a str),
    Unknown,
}

/// The layer of a file, by its path from the repository's root.
pub(super) fn layer_of(path: &str) -> Layer<'_> {
    let inner = path.strip_prefix("src/").unwrap_or(path);
    let first = inner.split('/').next().unwrap_or(inner);
    let module = first.strip_suffix(".rs").unwrap_or(first);
    match module {
        "lib" | "main" => Layer::Root,
        "canonical" => Layer::Canonical,
        "config" => Layer::Config,
        "env" => Layer::Env,
        "scheduler" if inner.starts_with("scheduler/jobs") => Layer::Jobs,
        "scheduler" => Layer::Scheduler,
        name if VOCABULARY.contains(&name) => Layer::Vocabulary,
        name if STAGES.contains(&name) => Layer::Stage(name),
        name if TOP.contains(&name) => Layer::Top(name),
        _ => Layer::Unknown,
    }
}

/// Whether a file of `layer` may name `path` (its parts after `crate`); otherwise what to do
/// instead.
pub(super) fn verdict(layer: Layer<'_>, path: &[String]) -> Result<(), String> {
    let Some(module) = path.first().map(String::as_str) else {
        return Ok(());
    };
    let is_vocabulary = VOCABULARY.contains(&module);
    match layer {
        Layer::Root | Layer::Top("cli") => Ok(()),
        Layer::Unknown => Err("put the file into a folder that DESIGN's house names".to_owned()),
        Layer::Top(_) if module == "cli" => {
            Err("take the value as a parameter: only the command line knows itself".to_owned())
        }
        Layer::Top(_) => Ok(()),
        _ if is_vocabulary => Ok(()),
        Layer::Vocabulary => Err(
            "move the code to `canonical`, `config` or a stage: the vocabulary imports only itself"
                .to_owned(),
        ),
        _ if TOP.contains(&module) => Err(
            "pass it in from `cli` as a parameter or a trait: nothing below imports it".to_owned(),
        ),
        Layer::Jobs => Ok(()),
        _ if module == "canonical" => Ok(()),
        Layer::Canonical => Err("canonical imports the vocabulary only".to_owned()),
        _ if module == "config" => Ok(()),
        Layer::Config => Err("config imports the vocabulary and canonical only".to_owned()),
        Layer::Stage(own) if own == module => Ok(()),
        Layer::Scheduler if matches!(module, "scheduler" | "env") => Ok(()),
        Layer::Scheduler | Layer::Env if is_store_trait(path) => Ok(()),
        Layer::Stage(_) | Layer::Scheduler | Layer::Env => hop_verdict(module, path),
    }
}

fn is_store_trait(path: &[String]) -> bool {
    path.len() == 2 && path[0] == "store" && STORE_TRAITS.contains(&path[1].as_str())
}

fn hop_verdict(module: &str, path: &[String]) -> Result<(), String> {
    let travels = HOP_TYPES
        .iter()
        .find(|(stage, _)| *stage == module)
        .map_or(&[][..], |(_, types)| types);
    let rest = path[1..].join("::");
    let is_hop_type = travels.iter().any(|name| {
        rest == *name
            || rest
                .strip_prefix(name)
                .is_some_and(|more| more.starts_with("::"))
    });
    if is_hop_type {
        return Ok(());
    }
    Err(format!(
        "let a job of `scheduler::jobs` call it and pass the result; of `{module}` only hop types \
         may be imported ({})",
        travels.join(", ")
    ))
}
