//! Which member's value a golden account shows, attribute by attribute: the trusted role first, then
//! the most recently updated record, then the lowest source and id. A null never beats a value.

use std::collections::BTreeMap;

use crate::canonical::Record;
use crate::config::Role;
use crate::currency::Currency;
use crate::reconcile::AccountRef;

use super::directory::{GoldenAccount, Provenance};

/// Money's attributes: the billing system is trusted first.
pub(crate) const BILLING_FIRST: &[&str] = &[
    "name",
    "legal_name",
    "tax_id",
    "registration_no",
    "email",
    "street",
    "city",
    "region",
    "postal_code",
    "country",
    "currency",
    "payment_terms",
];
/// The relation's attributes: the CRM is trusted first.
const CRM_FIRST: &[&str] = &["branch", "domain", "phone", "owner", "segment", "parent_id"];

/// The golden account of a cluster. Members without a record (they are gone from their source, or
/// were not pulled) keep their place in it.
pub(super) fn survive(
    golden_id: String,
    members: Vec<(String, String)>,
    records: &[&Record],
    roles: &BTreeMap<String, Vec<Role>>,
) -> GoldenAccount {
    let mut attributes = BTreeMap::new();
    let trusts = [
        (Role::Billing, "billing_first", BILLING_FIRST),
        (Role::Crm, "crm_first", CRM_FIRST),
    ];
    for (trusted, rule, columns) in trusts {
        let mut ranked: Vec<&&Record> = records.iter().collect();
        ranked.sort_by_key(|record| {
            let has_trust = roles
                .get(record.source())
                .is_some_and(|roles| roles.contains(&trusted));
            let newest_first = std::cmp::Reverse(record.instant("updated_at"));
            (!has_trust, newest_first, record.key())
        });
        for column in columns {
            let survivor = ranked.iter().find_map(|record| {
                let value = record.text(column).filter(|text| !text.trim().is_empty())?;
                Some(Provenance {
                    value: value.to_owned(),
                    source: record.source().to_owned(),
                    id: record.id().to_owned(),
                    rule,
                })
            });
            if let Some(survivor) = survivor {
                attributes.insert(*column, survivor);
            }
        }
    }
    let value = |column: &str| {
        attributes
            .get(column)
            .map(|survivor: &Provenance| survivor.value.clone())
    };
    let name = value("name").unwrap_or_else(|| golden_id.clone());
    GoldenAccount {
        account: AccountRef {
            id: golden_id,
            name,
        },
        members,
        branch: value("branch"),
        currency: value("currency").and_then(|code| code.parse::<Currency>().ok()),
        email: value("email"),
        payment_terms: value("payment_terms"),
        attributes,
    }
}
