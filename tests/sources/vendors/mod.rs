//! One conformance suite per connector: the vendor's wire on loopback, the connector's own file, and a
//! landing, over several nights. Where the vendors' fixtures lie beside the repository, they are read
//! as well.

#![expect(
    clippy::disallowed_types,
    clippy::needless_pass_by_value,
    reason = "vendors write amounts as floats, and bodies are put together from whole values"
)]

mod autotask;
mod bench;
mod chargebee;
mod checks;
mod connectwise;
mod fixtures;
mod halopsa;
mod held;
mod hubspot;
mod hubspot_records;
mod microsoft_partner;
mod quickbooks;
mod salesforce;
mod salesforce_bulk;
mod stripe;
mod stripe_records;
mod xero;
mod zoho_crm;
mod zuora;
mod zuora_aqua;
