//! Cash application: which payment settled which invoice, by which rule, and what is left.
//!
//! Payments are taken in the order of the day they were received on, then by id. Each is tried
//! against the strongest key first: a remittance that names it, then its own reference, then the
//! configured rules. The first that applies anything decides. What a person decided comes before all
//! of it: the rules find only what that leaves. What could be meant in several ways is proposed. Every application is a dated
//! movement that is never edited, so the open amount of an invoice can be told for any day.

mod accuracy;
mod apply;
mod book;
mod claims;
mod combine;
mod decide;
mod decided;
mod error;
mod exact;
mod invoice;
mod ledger;
mod payment;
mod remittance;
mod reversal;
mod rules;
mod subsets;
mod tolerance;

pub use accuracy::{AccuracyInput, ClaimLine, PaymentAccuracy, payment_accuracy};
pub use apply::apply_cash;
pub use book::{CashBook, CashPass, CreditKind, OpenCredit, OpenInvoice};
pub use claims::{ClaimNames, LineSums, ServiceClaim, claim_lines};
pub use decide::{ManualMatch, MatchError, MatchRequest};
pub use error::CashError;
pub use invoice::{LedgerInvoice, Movement, MovementKind};
pub use ledger::CashInput;
pub use payment::{AppliedPart, CashPayment, LedgerPayment, MatchedBy, PaymentState};
