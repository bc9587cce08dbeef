//! The two servers: a CRM and a billing API on loopback, each in its vendor's wire format.
//!
//! `gate` answers for the vendor's front door (token, outage, headers), `crm` and `billing` for what
//! is behind it. The answers are pure functions of a night's state and a request.

mod billing;
mod billing_events;
mod billing_records;
mod crm;
mod crm_records;
mod crm_search;
mod gate;
mod listen;
mod request;

pub use gate::{Outage, ServerName};
pub use listen::{DemoServers, serve};
