//! `[[discover]]`: what is asked once before anything else, since each customer has it differently.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::request::RequestSpec;

/// A question that is asked once for each opened source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sources) struct DiscoverSpec {
    /// What is asked.
    pub(in crate::sources) request: RequestSpec,
    /// Whether the credential goes with it.
    #[serde(default = "yes")]
    pub(in crate::sources) authorised: bool,
    /// The path of the API's URL in the answer, which takes the place of the base URL; of an
    /// overridden base URL it takes the path only.
    pub(in crate::sources) base_url: Option<String>,
    /// The hosts, and those below them, that such a URL may have.
    #[serde(default)]
    pub(in crate::sources) hosts: Vec<String>,
    /// Names for later requests, each with its path in the answer: `codebase = "Codebase"` is
    /// `{codebase}` in a path.
    #[serde(default)]
    pub(in crate::sources) names: BTreeMap<String, String>,
}

const fn yes() -> bool {
    true
}
