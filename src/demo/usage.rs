//! What was used: counted seats and gigabytes, and the file that they arrive in.

use std::collections::BTreeMap;

use crate::period::Period;

use super::catalogue::Charge;
use super::contracts::{Contract, ContractIndex};
use super::night::{Night, august, october, september};
use super::random::Random;

/// A month's count of one contract.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    /// As first counted.
    pub(super) quantity: i64,
    /// As counted again before the third night.
    pub(super) recounted: Option<i64>,
}

impl Count {
    /// The count as it is known on a night.
    pub(super) fn on(self, night: Night) -> i64 {
        match (night, self.recounted) {
            (Night::Third, Some(recounted)) => recounted,
            _ => self.quantity,
        }
    }
}

/// The counts by contract and month.
pub(super) type Counts = BTreeMap<(ContractIndex, Period), Count>;

/// Counts for a contract that is charged by use: two whole months, and October as far as it went.
pub(super) fn count(contract: &Contract, random: &mut Random) -> [(Period, Count); 3] {
    let charge = contract.product().charge;
    [august(), september(), october()].map(|month| {
        let quantity = match charge {
            Charge::TrueUp => contract.quantity - random.between(0, 2),
            Charge::Usage | Charge::Fixed => random.between(400, 4_000),
        };
        let quantity = if month == october() {
            quantity / 7
        } else {
            quantity
        };
        let count = Count {
            quantity,
            recounted: None,
        };
        (month, count)
    })
}

/// The file's text: two rows for each contract and month, one for each half.
pub(super) fn csv(
    counts: &Counts,
    night: Night,
    name_of: impl Fn(ContractIndex) -> (String, &'static str),
) -> String {
    let mut rows = vec!["id,account_id,sku,quantity,starts_on,ends_on\n".to_owned()];
    for ((contract, month), count) in counts {
        let (account, sku) = name_of(*contract);
        let whole = count.on(night);
        let early = whole / 2;
        let middle = month
            .first_day()
            .with()
            .day(16)
            .build()
            .unwrap_or(month.first_day());
        let halves = [
            ("a", early, month.first_day(), middle),
            ("b", whole - early, middle, month.end_day()),
        ];
        for (half, quantity, starts_on, ends_on) in halves {
            rows.push(format!(
                "{account}-{sku}-{month}-{half},crm:{account},{sku},{quantity},{starts_on},{ends_on}\n"
            ));
        }
    }
    rows.concat()
}
