//! A small CRM and a small billing API with known discrepancies.
//!
//! [`World`] invents a company's customers, contracts, bills, payments and usage from a seed, and
//! plants errors in them whose kind, period and amount to the cent are therefore known. It plays
//! three [`Night`]s: errors appear, some are fixed at the source, one comes back, and on the second
//! night one source is missing. [`serve`] speaks two vendors' wire formats over it on loopback, and
//! [`compare`] says which of the planted errors a run found, missed, or made up.
//!
//! The demo and the end-to-end tests stand on it. It imports no stage: only their hop types.

mod bills;
mod catalogue;
mod contracts;
mod customers;
mod error;
mod names;
mod night;
mod payments;
mod places;
mod planted;
mod random;
mod rates;
mod server;
mod story;
mod usage;
mod view;
mod world;

pub use error::DemoError;
pub use night::Night;
pub use places::{DemoPlaces, config};
pub use planted::{Comparison, FoundItem, Planted, compare};
pub use server::{DemoServers, Outage, ServerName, serve};
pub use view::NightState;
pub use world::World;
