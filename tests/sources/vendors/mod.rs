//! One conformance suite per connector: the vendor's wire on loopback, the connector's own file, and a
//! landing, over several nights. Where the vendors' fixtures lie beside the repository, they are read
//! as well.

mod bench;
mod fixtures;
mod hubspot;
mod hubspot_records;
mod salesforce;
mod stripe;
mod stripe_records;
mod zoho_crm;
