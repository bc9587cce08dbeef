//! The configuration: typed TOML, one file of code per table. Unknown keys are refused with the
//! nearest known one, and all errors are told at once.

mod collections;
mod company;
mod engine;
mod field_map;
mod job;
mod load;
mod mail;
mod overrides;
mod problem;
mod reconcile;
mod report;
mod show;
mod source;
mod user;
mod validate;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use collections::{CashConfig, CashRule, CollectionsConfig, Level, PolicyNotice};
pub use company::{BranchConfig, CalendarConfig, CompanyConfig, Weekday};
pub use engine::{EngineConfig, LandingConfig, LogFormat, OpsConfig, StoreConfig};
pub use field_map::{EpochUnit, FieldMap, FieldRule, FieldTable, Instead};
pub use job::{AllWord, CatchUp, JobConfig, ReconcileScope, ReportPeriod, SyncScope};
pub(crate) use load::{Places, read_toml};
pub use mail::MailConfig;
pub use problem::{ConfigError, Problem, Problems, nearest_name};
pub use reconcile::{
    AbsoluteTolerance, AccountField, AmountTolerance, IdentityConfig, Proration, ReconcileConfig,
    TaxRounding, ToleranceConfig, ToleranceMode,
};
pub use report::{ReportConfig, ReportKind};
pub use source::{Credential, Drift, Limits, RateConfig, Role, SourceConfig, SourceRounding};
pub use user::{Right, RightError, UserConfig, is_same_person};
pub use values::{ByteSize, DecimalText, HumanDuration, OneOrMany, Retention, ZoneName};

/// All of `crossfoot.toml`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whose books they are.
    pub company: CompanyConfig,
    /// Branches with a zone, currency, materiality or calendar of their own.
    #[serde(default)]
    pub branch: BTreeMap<String, BranchConfig>,
    /// Working hours and holidays, by name; `default` is used where none is named.
    #[serde(default)]
    pub calendar: BTreeMap<String, CalendarConfig>,
    /// Where discrepancies, runs and mails are kept.
    #[serde(default)]
    pub store: StoreConfig,
    /// Where records land.
    #[serde(default)]
    pub landing: LandingConfig,
    /// The comparing engine's limits.
    #[serde(default)]
    pub engine: EngineConfig,
    /// Where records come from, by name.
    #[serde(default)]
    pub source: BTreeMap<String, SourceConfig>,
    /// The largest differences that are accepted.
    #[serde(default)]
    pub tolerance: ToleranceConfig,
    /// How periods are compared.
    #[serde(default)]
    pub reconcile: ReconcileConfig,
    /// How accounts of several systems are recognised as one customer.
    #[serde(default)]
    pub identity: IdentityConfig,
    /// How payments are applied to invoices.
    #[serde(default)]
    pub cash: CashConfig,
    /// How overdue invoices are chased.
    #[serde(default)]
    pub collections: CollectionsConfig,
    /// What runs when, by name.
    #[serde(default)]
    pub job: BTreeMap<String, JobConfig>,
    /// Which reports go to whom, by name.
    #[serde(default)]
    pub report: BTreeMap<String, ReportConfig>,
    /// Who may do what, by name; without any, everybody may do everything.
    #[serde(default)]
    pub user: BTreeMap<String, UserConfig>,
    /// How mail leaves.
    pub mail: Option<MailConfig>,
    /// The operations endpoint and the log.
    #[serde(default)]
    pub ops: OpsConfig,
    /// The folder of the configuration file; relative paths start there. Set by the loader.
    #[serde(skip)]
    pub base: PathBuf,
}

impl Config {
    /// A path of the configuration, from the folder of its file when it is relative.
    pub fn resolve(&self, path: &std::path::Path) -> PathBuf {
        self.base.join(path)
    }

    /// The zone of a branch's books, or of the company's.
    pub fn zone(&self, branch: Option<&str>) -> jiff::tz::TimeZone {
        branch
            .and_then(|name| self.branch.get(name))
            .and_then(|branch| branch.timezone.clone())
            .unwrap_or_else(|| self.company.timezone.clone())
            .0
    }

    /// The configuration as it is in force, defaults included: the file that says all of it. Secrets
    /// are references, and a password that stands in a URL is left out.
    pub fn to_table(&self) -> Result<toml::Table, toml::ser::Error> {
        let mut table = toml::Table::try_from(self)?;
        for (_, value) in &mut table {
            show::leave_out_passwords(value);
        }
        Ok(table)
    }

    /// The JSON Schema of the file, for editors.
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Config).to_value()
    }
}
