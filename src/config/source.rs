//! `[source.x]`: where records come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::field_map::FieldMap;
use super::reconcile::{Proration, TaxRounding};
use super::values::{ByteSize, HumanDuration, OneOrMany};
use crate::canonical::Entity;
use crate::secret::{Secret, SecretError, SecretRef};

/// Which legs a source has, and in which attributes it is trusted.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// What was sold.
    Crm,
    /// What was billed and paid.
    Billing,
    /// What was used.
    Usage,
    /// What a vendor bills us.
    Vendor,
    /// What the bank received.
    Bank,
}

/// How a source itself rounds a line's amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceRounding {
    /// Half away from zero.
    #[default]
    HalfUp,
    /// Half to the even neighbour.
    HalfEven,
    /// Toward zero.
    Down,
    /// As Microsoft's partner billing does.
    PartnerCenter,
}

/// A credential's part: plain text, or a reference to a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "text, or one of { env = \"..\" }, { file = \"..\" }, { credential = \"..\" }"
)]
pub enum Credential {
    /// Plain text, for what is no secret.
    Plain(String),
    /// A secret.
    Secret(SecretRef),
}

impl Credential {
    /// The text, read from where it is kept.
    pub fn resolve(&self, base: &Path) -> Result<Secret, SecretError> {
        match self {
            Self::Plain(text) => Ok(Secret::new(text.clone())),
            Self::Secret(reference) => reference.resolve(base),
        }
    }
}

/// Limits of one source's pulls.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// A page's decoded body, at most.
    pub page_bytes: ByteSize,
    /// The rows of one export, unpacked, at most.
    pub export_bytes: ByteSize,
    /// Pages of one stream in one run, at most: all lists, slices and children together.
    pub pages: u64,
    /// Rows of one stream in one run, at most, counted in the same way.
    pub rows: u64,
    /// How long a connection may take.
    pub connect_timeout: HumanDuration,
    /// How long a server may send nothing.
    pub read_timeout: HumanDuration,
    /// How long one request may take in all.
    pub total_timeout: HumanDuration,
    /// How long one page is tried again.
    pub retry_for: HumanDuration,
}

impl Default for Limits {
    fn default() -> Self {
        use std::time::Duration;
        let seconds = |seconds| HumanDuration(Duration::from_secs(seconds));
        Self {
            page_bytes: ByteSize(64 << 20),
            export_bytes: ByteSize(16 << 30),
            pages: 1_000_000,
            rows: 500_000_000,
            connect_timeout: seconds(10),
            read_timeout: seconds(60),
            total_timeout: seconds(300),
            retry_for: seconds(900),
        }
    }
}

/// What is done when a field that is read vanishes from all records of a source that had it before.
/// A new field is kept in the raw record and told once, whatever this says; a value of another type
/// goes to the quarantine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Drift {
    /// The records land, and a warning says so.
    Warn,
    /// They land, and the source is partial: nothing is opened or cleared on its word.
    #[default]
    Partial,
    /// The pull fails, and nothing of it lands.
    Fail,
}

/// How many requests a source may be asked.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateConfig {
    /// Requests, at most, in each interval of `per`.
    pub requests: u32,
    /// The interval.
    #[serde(default = "one_second")]
    pub per: HumanDuration,
    /// Requests under way at once.
    pub concurrent: Option<u32>,
}

fn one_second() -> HumanDuration {
    HumanDuration(std::time::Duration::from_secs(1))
}

/// Where records come from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// The name of a connector that crossfoot has, `files`, or the path of a connector file.
    pub connector: String,
    /// Which legs the source has; a connector knows its own, `files` must say it.
    pub role: Option<OneOrMany<Role>>,
    /// Scheme, host and port in place of the connector's own.
    pub base_url: Option<String>,
    /// Scheme, host and port of the token request.
    pub auth_url: Option<String>,
    /// Nothing before this day is asked for.
    #[schemars(with = "Option<String>")]
    pub start: Option<Date>,
    /// Past this age since its last success the source is stale, level red.
    #[serde(default = "a_day_and_two_hours")]
    pub max_age: HumanDuration,
    /// Past this age it is stale, level amber.
    pub warn_age: Option<HumanDuration>,
    /// The entities to pull; without it, all that the connector has.
    pub streams: Option<Vec<Entity>>,
    /// The rate budget in place of the connector's own.
    pub rate: Option<RateConfig>,
    /// For `files`: a glob per entity.
    #[serde(default)]
    pub files: BTreeMap<Entity, OneOrMany<String>>,
    /// For `files`: the sheet of a spreadsheet that holds an entity; without it, the first one.
    #[serde(default)]
    pub sheets: BTreeMap<Entity, String>,
    /// Single fields, over the connector's map; for `files`, the map of a foreign header.
    #[serde(default)]
    pub map: BTreeMap<Entity, FieldMap>,
    /// Limits of the pulls.
    #[serde(default)]
    pub limits: Limits,
    /// A PEM file of a certificate authority that is trusted for this source.
    pub ca: Option<PathBuf>,
    /// How the source rounds a line.
    #[serde(default)]
    pub rounding: SourceRounding,
    /// How it prorates, in place of `[reconcile] proration`.
    pub proration: Option<Proration>,
    /// At which level it rounds tax, in place of `[reconcile] tax_rounding`.
    pub tax_rounding: Option<TaxRounding>,
    /// What a field's vanishing does: `warn`, `partial` or `fail`.
    #[serde(default)]
    pub drift: Drift,
    /// A legal hold: nothing of this source is let go, whatever its age.
    #[serde(default)]
    pub hold: bool,
    /// Days of grace, in place of `[reconcile] lag_days`.
    pub lag_days: Option<u16>,
    /// The day on which arrears are billed, in place of `[reconcile] arrears_bill_day`.
    pub arrears_bill_day: Option<u8>,

    /// A static token.
    pub token: Option<SecretRef>,
    /// An API key.
    pub api_key: Option<SecretRef>,
    /// OAuth2: the client's secret.
    pub client_secret: Option<SecretRef>,
    /// OAuth2: the refresh token of the first consent.
    pub refresh_token: Option<SecretRef>,
    /// A private key.
    pub private_key: Option<SecretRef>,
    /// A shared secret.
    pub secret: Option<SecretRef>,
    /// A password.
    pub password: Option<SecretRef>,
    /// OAuth2: the client's id.
    pub client_id: Option<Credential>,
    /// A user's name.
    pub username: Option<Credential>,
    /// A tenant's id.
    pub tenant_id: Option<Credential>,
    /// A company's id in QuickBooks.
    pub realm_id: Option<Credential>,
    /// A company's id in ConnectWise.
    pub company: Option<Credential>,
    /// A public key.
    pub public_key: Option<Credential>,
    /// An integration's code.
    pub integration_code: Option<Credential>,
}

const fn a_day_and_two_hours() -> HumanDuration {
    HumanDuration::hours(26)
}

impl SourceConfig {
    /// A credential's part by its key in the configuration.
    pub fn credential(&self, key: &str) -> Option<Credential> {
        let secret = |reference: &Option<SecretRef>| reference.clone().map(Credential::Secret);
        match key {
            "token" => secret(&self.token),
            "api_key" => secret(&self.api_key),
            "client_secret" => secret(&self.client_secret),
            "refresh_token" => secret(&self.refresh_token),
            "private_key" => secret(&self.private_key),
            "secret" => secret(&self.secret),
            "password" => secret(&self.password),
            "client_id" => self.client_id.clone(),
            "username" => self.username.clone(),
            "tenant_id" => self.tenant_id.clone(),
            "realm_id" => self.realm_id.clone(),
            "company" => self.company.clone(),
            "public_key" => self.public_key.clone(),
            "integration_code" => self.integration_code.clone(),
            _ => None,
        }
    }
}
