//! The connector file: what a vendor's API is, as data. Every key is typed and described where it
//! stands; unknown keys are refused.

mod auth;
mod changes;
mod check;
mod check_job;
mod children;
mod discover;
mod error;
mod job;
mod list;
mod load;
mod paginate;
mod request;
mod spec;
mod window;

pub(super) use auth::{Algorithm, AuthSpec, AuthWays, ClientAuth};
pub(super) use changes::{ChangedSpec, ChangesSpec};
pub(super) use children::{LookupSpec, RestSpec};
pub(super) use discover::DiscoverSpec;
pub(super) use error::{ErrorSpec, Meaning, QuotaSpec, Resume};
pub(super) use job::{FilesSpec, JobSpec, PerRecordSpec, ResultSpec};
pub(super) use list::{FeedSpec, InsteadSpec, ListSpec, Pass, Repeats};
pub(super) use load::load;
pub(super) use paginate::PaginateSpec;
pub(super) use request::{Method, RequestSpec};
pub(super) use spec::{ConnectorSpec, HostSpec, StreamSpec};
pub(super) use window::{IncrementalSpec, InstantFormat, StartSpec};
