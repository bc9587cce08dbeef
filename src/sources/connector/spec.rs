//! The tables of a connector file.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::auth::AuthWays;
use super::changes::ChangesSpec;
use super::discover::DiscoverSpec;
use super::error::{ErrorSpec, QuotaSpec};
use super::job::JobSpec;
use super::list::ListSpec;
use super::window::IncrementalSpec;
use crate::config::{OneOrMany, RateConfig, Role};

/// A whole connector file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct ConnectorSpec {
    /// Scheme and host, and a path in front of all others where the vendor has one. A vendor that
    /// gives each customer a host of its own has none: `[source.x] base_url` is needed then.
    pub(in crate::sources) base_url: Option<String>,
    /// What such a `base_url` looks like, for the words of the error.
    pub(in crate::sources) base_url_example: Option<String>,
    /// More hosts of the vendor: links of its pages and redirects may lead to them, and to those
    /// below them, and the credential goes along. Everything else stays refused.
    #[serde(default)]
    pub(in crate::sources) hosts: Vec<String>,
    /// Which legs such a source has, unless `[source.x] role` says otherwise.
    pub(in crate::sources) role: OneOrMany<Role>,
    /// How requests are authorised.
    pub(in crate::sources) auth: AuthWays,
    /// What is asked once before anything else.
    #[serde(default)]
    pub(in crate::sources) discover: Vec<DiscoverSpec>,
    /// Headers of every request, such as the pinned version; `{key}` stands for a plain key of
    /// `[source.x]`.
    #[serde(default)]
    pub(in crate::sources) headers: BTreeMap<String, String>,
    /// The rate budget that the vendor grants, unless `[source.x.rate]` says otherwise.
    pub(in crate::sources) rate: Option<RateConfig>,
    /// Where an error's body holds its message; of several paths, the first that is present.
    #[serde(default)]
    pub(in crate::sources) error_message: Vec<String>,
    /// What answers that are no pages mean, in the order in which the rules are tried.
    #[serde(default)]
    pub(in crate::sources) error: Vec<ErrorSpec>,
    /// Headers that tell how much of a long quota is left.
    #[serde(default)]
    pub(in crate::sources) quota: Vec<QuotaSpec>,
    /// Headers of an answer by which the vendor finds it again.
    #[serde(default)]
    pub(in crate::sources) request_id: Vec<String>,
    /// Fields that not every customer of the vendor has: a list without them is not short of
    /// anything, and nothing is said of it.
    #[serde(default)]
    pub(in crate::sources) optional_fields: Vec<String>,
    /// Exponents of minor units that differ from ISO 4217.
    #[serde(default)]
    pub(in crate::sources) minor_units: BTreeMap<String, u32>,
    /// What such a source cannot see by its nature; `crossfoot check` prints it.
    #[serde(default)]
    pub(in crate::sources) can_miss: Vec<String>,
    /// How the vendor makes exports, for lists that are read by one.
    #[serde(default)]
    pub(in crate::sources) job: BTreeMap<String, JobSpec>,
    /// More places of the vendor, for requests that name them with `host`.
    #[serde(default)]
    pub(in crate::sources) host: BTreeMap<String, HostSpec>,
    /// What is pulled and committed as one, in the order in which it is best pulled.
    pub(in crate::sources) stream: Vec<StreamSpec>,
}

/// `[host.NAME]`: a second place of the vendor, with an authorisation of its own. An overridden
/// `base_url` stands in for it as well.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct HostSpec {
    /// Scheme and host, and a path in front of all others where there is one.
    pub(in crate::sources) base_url: String,
    /// How requests to it are authorised.
    pub(in crate::sources) auth: AuthWays,
}

/// `[[stream]]`: lists that are pulled and committed as one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct StreamSpec {
    /// Its name, unique in the connector.
    pub(in crate::sources) name: String,
    /// Only where the source has this role is it pulled; without it, everywhere.
    pub(in crate::sources) role: Option<Role>,
    /// Whether its lists, read without a window, hold every living record: an id that was landed
    /// before and does not come is then gone.
    #[serde(default)]
    pub(in crate::sources) full_sweep: bool,
    /// How to ask for what changed; without it, everything is read every time.
    pub(in crate::sources) incremental: Option<IncrementalSpec>,
    /// A feed that says what changed, read in place of the lists while there is a window.
    pub(in crate::sources) changes: Option<ChangesSpec>,
    /// The lists, one after the other.
    pub(in crate::sources) list: Vec<ListSpec>,
}
