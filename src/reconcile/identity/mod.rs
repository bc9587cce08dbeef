//! Which accounts of which systems are one customer. Evidence is read strongest first: what a
//! person decided, then explicit links, then equal tax ids; an edge that would put two conflicting
//! tax ids into one customer is refused. The crosswalk keeps a customer's golden id over time.

mod cluster;
mod directory;
mod golden_id;
mod resolve;
mod survivorship;
mod tax_id;

pub use directory::{AccountDirectory, GoldenAccount, Provenance};
pub use resolve::resolve_identity;
pub(crate) use survivorship::BILLING_FIRST;
pub(crate) use tax_id::normalise as normalise_tax_id;
