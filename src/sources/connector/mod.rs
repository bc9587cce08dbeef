//! The connector file: what a vendor's API is, as data. Every key is typed and described where it
//! stands; unknown keys are refused.

mod auth;
mod load;
mod paginate;
mod spec;

pub(super) use auth::{AuthSpec, ClientAuth};
pub(super) use load::load;
pub(super) use paginate::PaginateSpec;
pub(super) use spec::{
    ConnectorSpec, FeedSpec, IncrementalSpec, InstantFormat, ListSpec, LookupSpec, Method,
    RequestSpec, RestSpec, StartSpec, StreamSpec,
};
