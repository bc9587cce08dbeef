//! What is read of accounts and contracts.

/// An account of a system; what it does not state is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AccountRow {
    pub(crate) source: String,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    pub(crate) street: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) tax_id: Option<String>,
    pub(crate) payment_terms: Option<String>,
    pub(crate) linked_ids: Vec<String>,
}

/// A contract that states payment terms of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatedTerms {
    /// The golden account's id.
    pub(crate) account: String,
    /// The product.
    pub(crate) sku: String,
    pub(crate) source: String,
    pub(crate) id: String,
    pub(crate) terms: String,
}

/// A product that is sold in one rhythm and billed in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnlikeRhythm {
    /// The golden account's id.
    pub(crate) account: String,
    /// The product.
    pub(crate) sku: String,
    pub(crate) sold: String,
    pub(crate) billed: String,
    /// Source and id of a contract.
    pub(crate) sold_record: (String, String),
    /// Source and id of a subscription.
    pub(crate) billed_record: (String, String),
}
