//! What can go wrong between a source and its records. No variant ever holds a secret: a request
//! is named by its method and its URL without the query.

use std::path::PathBuf;

use jiff::Timestamp;

pub use super::exchanged::Exchanged;
use crate::fault::{Exit, Fault, Retry};
use crate::secret::SecretError;

/// Why a source could not be opened, probed or pulled.
#[derive(Debug, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "the fields are named by the message of each variant"
)]
pub enum SourceError {
    /// No connector has the name.
    #[error("source `{source_name}` names a connector that crossfoot does not have: `{connector}`")]
    UnknownConnector {
        source_name: String,
        connector: String,
        known: String,
    },
    /// A connector file that cannot be read or does not say what it must.
    #[error("connector file `{file}` cannot be used: {detail}")]
    BadConnector { file: String, detail: String },
    /// A credential that the connector needs is not configured.
    #[error("source `{source_name}` has no `{key}`, which connector `{connector}` needs")]
    NoCredential {
        source_name: String,
        connector: String,
        key: String,
    },
    /// A credential is configured and cannot be read.
    #[error("the credential `{key}` of source `{source_name}` cannot be read")]
    Secret {
        source_name: String,
        key: String,
        #[source]
        cause: SecretError,
    },
    /// The vendor does not accept the credential.
    #[error("{connector} refused the token for source `{source_name}`")]
    Unauthorised {
        source_name: String,
        connector: String,
        credential: String,
        #[source]
        cause: Box<Exchanged>,
    },
    /// The credential is accepted and lacks a right.
    #[error("{connector} does not let source `{source_name}` read `{stream}`")]
    Forbidden {
        source_name: String,
        connector: String,
        stream: String,
        #[source]
        cause: Box<Exchanged>,
    },
    /// The path does not exist there.
    #[error("{connector} does not know what source `{source_name}` asks for")]
    NotFound {
        source_name: String,
        connector: String,
        #[source]
        cause: Box<Exchanged>,
    },
    /// Another refusal that a retry does not change.
    #[error("{connector} refused a request of source `{source_name}`")]
    Refused {
        source_name: String,
        connector: String,
        #[source]
        cause: Box<Exchanged>,
    },
    /// No usable answer within the time for retries.
    #[error("source `{source_name}` gave no usable answer in {tries} tries over {seconds} s")]
    Unavailable {
        source_name: String,
        tries: u32,
        seconds: u64,
        #[source]
        cause: Box<Exchanged>,
    },
    /// The vendor asks to wait for longer than a run waits.
    #[error(
        "{connector} asks source `{source_name}` to wait {seconds} s, longer than `limits.retry_for`"
    )]
    Throttled {
        source_name: String,
        connector: String,
        seconds: u64,
        #[source]
        cause: Box<Exchanged>,
    },
    /// The vendor gives nothing more for hours: nothing is asked for until then.
    #[error("source `{source_name}` is parked until {until}: {reason}")]
    Parked {
        source_name: String,
        until: Timestamp,
        reason: String,
        #[source]
        cause: Option<Box<Exchanged>>,
    },
    /// The place in a list is not known to the vendor any more, again and again.
    #[error("source `{source_name}` forgets the place in `{stream}` before it is read")]
    Expired {
        source_name: String,
        stream: String,
        #[source]
        cause: Box<Exchanged>,
    },
    /// The vendor does not have fields that the map cannot do without.
    #[error("`{stream}` of source `{source_name}` has no {}", fields.join(", "))]
    NoField {
        source_name: String,
        stream: String,
        fields: Vec<String>,
        #[source]
        cause: Box<Exchanged>,
    },
    /// An export that the vendor makes on its own time has no result.
    #[error(
        "the export of `{stream}` that source `{source_name}` ordered from {connector} came to nothing: {detail}"
    )]
    ExportFailed {
        source_name: String,
        connector: String,
        stream: String,
        detail: String,
    },
    /// Such an export takes too long.
    #[error(
        "the export of `{stream}` that source `{source_name}` ordered from {connector} is `{state}` after {seconds} s"
    )]
    ExportLate {
        source_name: String,
        connector: String,
        stream: String,
        seconds: u64,
        state: String,
    },
    /// None of the ways to authorise requests is configured.
    #[error("source `{source_name}` has no credential that connector `{connector}` can use")]
    NoWay {
        source_name: String,
        connector: String,
        ways: String,
    },
    /// The private key cannot sign.
    #[error("the `private_key` of source `{source_name}` cannot be used: {detail}")]
    PrivateKey { source_name: String, detail: String },
    /// Something answered, and it is not the page that was asked for.
    #[error("source `{source_name}` answered with something else than its records, {tries} times")]
    NotRecords {
        source_name: String,
        tries: u32,
        #[source]
        cause: Box<Exchanged>,
    },
    /// A redirect away from the vendor's own hosts, which is not followed since credentials would
    /// travel with it, or one that leads in a circle.
    #[error("source `{source_name}` was redirected to `{target}`, which is not followed")]
    Redirected {
        source_name: String,
        target: String,
        /// The whole place, which is never shown: its query may hold anything.
        to: Option<Box<url::Url>>,
        #[source]
        cause: Box<Exchanged>,
    },
    /// The next page lies on another host than the configured one.
    #[error(
        "the next page or file of source `{source_name}` lies on `{target}`, not on `{origin}`"
    )]
    ForeignLink {
        source_name: String,
        target: String,
        origin: String,
    },
    /// The pages repeat.
    #[error("the pages of `{stream}` of source `{source_name}` repeat after page {page}: {what}")]
    Loop {
        source_name: String,
        stream: String,
        page: u64,
        what: String,
    },
    /// A limit was reached.
    #[error("source `{source_name}` is larger than its limit `limits.{limit}`: {detail}")]
    TooMuch {
        source_name: String,
        limit: &'static str,
        detail: String,
    },
    /// A URL that credentials must not be sent to, or that is none.
    #[error("`{url}` cannot be the {what} of source `{source_name}`: {reason}")]
    BadUrl {
        source_name: String,
        what: &'static str,
        url: String,
        reason: String,
    },
    /// The vendor gives each customer a host of its own, and none is configured.
    #[error("source `{source_name}` has no `base_url`, which connector `{connector}` needs")]
    NoBaseUrl {
        source_name: String,
        connector: String,
        example: Option<String>,
    },
    /// The extra certificate authority cannot be read.
    #[error("the certificates of source `{source_name}` cannot be read: {detail}")]
    Certificates { source_name: String, detail: String },
    /// A glob that no file matches.
    #[error("no file matches `{glob}`, the {entity} of source `{source_name}`")]
    NoFile {
        source_name: String,
        entity: String,
        glob: String,
    },
    /// A file that the operating system does not give.
    #[error("file `{path}` of source `{source_name}` cannot be read")]
    Unreadable {
        source_name: String,
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    /// A file that is not what its ending says.
    #[error("file `{path}` of source `{source_name}` is no {format}: {detail}")]
    NotFormat {
        source_name: String,
        path: PathBuf,
        format: &'static str,
        detail: String,
    },
    /// A header without a column that is needed.
    #[error(
        "file `{path}` of source `{source_name}` has no column `{column}`, needed for `{field}`"
    )]
    NoColumn {
        source_name: String,
        path: PathBuf,
        column: String,
        field: String,
        near: Option<String>,
    },
    /// The connector has no such stream.
    #[error("source `{source_name}` has no stream `{stream}`")]
    NoStream {
        source_name: String,
        stream: String,
        known: String,
    },
    /// A page that does not fit its columns or totals.
    #[error("a page of `{stream}` of source `{source_name}` cannot be built: {detail}")]
    Page {
        source_name: String,
        stream: String,
        detail: String,
    },
    /// Rows of a table or an export that end in the middle, or are none.
    #[error("the rows of `{stream}` of source `{source_name}` cannot be read on: {detail}")]
    BadRows {
        source_name: String,
        stream: String,
        detail: String,
    },
    /// Nobody takes the pages any more.
    #[error("the pull of `{stream}` of source `{source_name}` was stopped")]
    Stopped { source_name: String, stream: String },
    /// Nothing says which legs the source has.
    #[error("source `{source_name}` does not say its role")]
    NoRole { source_name: String },
    /// A rotated refresh token could not be sealed.
    #[error("the refresh token of source `{source_name}` cannot be sealed")]
    Unsealable { source_name: String },
}

impl Fault for SourceError {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownConnector { .. } => "XF-S001",
            Self::BadConnector { .. } => "XF-S002",
            Self::NoCredential { .. }
            | Self::Secret { .. }
            | Self::NoWay { .. }
            | Self::PrivateKey { .. } => "XF-S003",
            Self::Unauthorised { .. } => "XF-S004",
            Self::Forbidden { .. } => "XF-S005",
            Self::NotFound { .. } => "XF-S006",
            Self::Refused { .. } => "XF-S007",
            Self::Unavailable { .. } => "XF-S008",
            Self::Throttled { .. } => "XF-S009",
            Self::NotRecords { .. } => "XF-S010",
            Self::Redirected { .. } => "XF-S011",
            Self::ForeignLink { .. } => "XF-S012",
            Self::Loop { .. } => "XF-S013",
            Self::TooMuch { .. } => "XF-S014",
            Self::BadUrl { .. } | Self::NoBaseUrl { .. } => "XF-S015",
            Self::Certificates { .. } => "XF-S016",
            Self::NoFile { .. } => "XF-S017",
            Self::Unreadable { .. } => "XF-S018",
            Self::NotFormat { .. } => "XF-S019",
            Self::NoColumn { .. } => "XF-S020",
            Self::NoStream { .. } => "XF-S021",
            Self::Page { .. } => "XF-S022",
            Self::Stopped { .. } => "XF-S023",
            Self::NoRole { .. } => "XF-S024",
            Self::Unsealable { .. } => "XF-S025",
            Self::Parked { .. } => "XF-S026",
            Self::Expired { .. } => "XF-S027",
            Self::NoField { .. } => "XF-S028",
            Self::ExportFailed { .. } => "XF-S029",
            Self::ExportLate { .. } => "XF-S030",
            Self::BadRows { .. } => "XF-S031",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::UnknownConnector { .. }
            | Self::BadConnector { .. }
            | Self::NoCredential { .. }
            | Self::Secret { .. }
            | Self::BadUrl { .. }
            | Self::NoBaseUrl { .. }
            | Self::NoWay { .. }
            | Self::PrivateKey { .. }
            | Self::NoStream { .. }
            | Self::NoRole { .. } => Retry::Never,
            // Everything else lies at the source or in a file: it may be right by the next run.
            _ => Retry::NextRun,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::UnknownConnector { known, .. } => {
                format!("use one of {known}, or the path of a connector file")
            }
            Self::BadConnector { .. } => {
                "correct the connector file, then run `crossfoot check`".into()
            }
            Self::NoCredential {
                source_name, key, ..
            } => {
                format!("add `{key} = {{ env = \"NAME\" }}` to `[source.{source_name}]`")
            }
            Self::Secret { cause, .. } => cause.hint(),
            Self::Unauthorised { credential, .. } => {
                format!("renew {credential}, then run `crossfoot check`")
            }
            Self::Forbidden { stream, .. } => {
                format!("grant the credential the right to read `{stream}`")
            }
            Self::NotFound { source_name, .. } => {
                format!("check `base_url` of `[source.{source_name}]` and the connector's version")
            }
            Self::Refused { .. } => "look at the vendor's message; the request is wrong".into(),
            Self::Unavailable { source_name, .. } => format!(
                "check the host, the network and the vendor's status page; \
                 `[source.{source_name}.limits] retry_for` says how long is retried"
            ),
            Self::Throttled { source_name, .. } => {
                format!("lower `[source.{source_name}.rate]`, or run at another time of the day")
            }
            Self::Parked {
                source_name, until, ..
            } => format!(
                "nothing is asked of `{source_name}` before then; a running daemon pulls it at \
                 {until}, and any later run goes on where this one stood"
            ),
            Self::Expired { .. } => {
                "run again at a quieter time; nothing of this pull lands".into()
            }
            Self::NoField { source_name, .. } => format!(
                "grant the credential the field, or take it out of `[source.{source_name}.map]`"
            ),
            Self::NoWay {
                source_name, ways, ..
            } => {
                format!("add to `[source.{source_name}]` {ways}")
            }
            Self::ExportFailed { source_name, .. } => format!(
                "the next run orders a new export; if it fails again, ask the vendor by the job's id, \
                 or ask for less with `start` in `[source.{source_name}]`"
            ),
            Self::ExportLate { source_name, .. } => format!(
                "the vendor is slow or the export too large: the next run orders a new one; `start` \
                 in `[source.{source_name}]` makes the first one smaller"
            ),
            Self::PrivateKey { .. } => {
                "make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048`"
                    .into()
            }
            Self::NotRecords { .. } => {
                "something between here and the vendor answers in its place, or the vendor \
                 changed its answer"
                    .into()
            }
            Self::Redirected {
                source_name,
                target,
                ..
            } => {
                format!("if `{target}` is right, set it as `base_url` of `[source.{source_name}]`")
            }
            Self::ForeignLink { .. } => {
                "no request was made there, so no credential left; a connector of your own names \
                 further hosts of its vendor in `hosts`"
                    .into()
            }
            Self::Loop { .. } => {
                "the vendor's paging is at fault; nothing of this pull lands".into()
            }
            Self::TooMuch {
                source_name, limit, ..
            } => {
                format!("raise `[source.{source_name}.limits] {limit}` if this size is expected")
            }
            Self::BadUrl { .. } => {
                "write https://host, or http://127.0.0.1:port for a local server".into()
            }
            Self::NoBaseUrl {
                source_name,
                example,
                ..
            } => {
                let example = example.as_deref().unwrap_or("https://host");
                format!(
                    "add `base_url = \"{example}\"`, your own host, to `[source.{source_name}]`"
                )
            }
            Self::Certificates { .. } => "check that `ca` names a PEM file".into(),
            Self::NoFile { .. } => "check the folder and that the export ran".into(),
            Self::Unreadable { .. } => "check that crossfoot's user may read it".into(),
            Self::NotFormat { .. } => {
                "export the file again; its ending must say its format".into()
            }
            Self::NoColumn {
                near, source_name, ..
            } => match near {
                Some(near) => format!("the header has `{near}`: is that the column?"),
                None => {
                    format!("add the column, or name its own under `[source.{source_name}.map]`")
                }
            },
            Self::NoStream { known, .. } => format!("the streams are {known}"),
            Self::Page { .. } | Self::Stopped { .. } => return None,
            Self::BadRows { .. } => {
                "the next run asks for them again; tell the vendor if they stay so".into()
            }
            Self::NoRole { source_name } => {
                format!(
                    "add `role = \"usage\"` (or crm, billing, vendor, bank) to `[source.{source_name}]`"
                )
            }
            Self::Unsealable { .. } => "check that `client_secret` is set".into(),
        };
        Some(hint)
    }

    fn effect(&self) -> Option<String> {
        match self {
            Self::Stopped { .. } => None,
            _ => Some("nothing of this pull is landed; what it could decide is UNKNOWN".into()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::UnknownConnector { .. }
            | Self::BadConnector { .. }
            | Self::NoCredential { .. }
            | Self::Secret { .. }
            | Self::BadUrl { .. }
            | Self::NoBaseUrl { .. }
            | Self::NoWay { .. }
            | Self::PrivateKey { .. }
            | Self::NoRole { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
