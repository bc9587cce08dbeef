//! A finding as bytes, so that millions of them can wait in little memory or on disk.

use std::str::FromStr;

use rust_decimal::Decimal;

use crate::reconcile::discrepancy::{Candidate, Side};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::outcome::{AccountRef, Finding};

/// Appends a finding.
pub(super) fn pack(finding: &Finding, out: &mut Vec<u8>) -> Result<(), ReconcileError> {
    put_text(finding.kind.name(), out);
    put_text(&finding.account.id, out);
    put_text(&finding.account.name, out);
    put_option(finding.branch.as_deref(), out);
    put_text(&finding.sku, out);
    put_text(finding.currency.code(), out);
    put_text(&finding.field, out);
    put_option(finding.expected.as_deref(), out);
    put_option(finding.actual.as_deref(), out);
    out.extend_from_slice(&finding.unit_expected.serialize());
    out.extend_from_slice(&finding.unit_actual.serialize());
    out.extend_from_slice(&finding.impact.serialize());
    out.push(u8::from(finding.annualised.is_some()));
    out.extend(finding.annualised.iter().flat_map(Decimal::serialize));
    put_text(finding.severity.name(), out);
    out.push(u8::from(finding.estimated));
    out.push(u8::from(finding.ambiguous));
    put_count(finding.secondary.len(), out);
    for kind in &finding.secondary {
        put_text(kind.name(), out);
    }
    out.push(u8::from(finding.linked.is_some()));
    if let Some((account, sku)) = &finding.linked {
        put_text(account, out);
        put_text(sku, out);
    }
    // Findings of a rule have none, so that their form may be a slow one.
    if finding.candidates.is_empty() {
        put_text("", out);
    } else {
        let told = serde_json::to_string(&finding.candidates).map_err(|_| spoiled())?;
        put_text(&told, out);
    }
    put_count(finding.sides.len(), out);
    for side in &finding.sides {
        for text in [
            &side.side,
            &side.source,
            &side.entity,
            &side.id,
            &side.label,
        ] {
            put_text(text, out);
        }
        for text in [&side.quantity, &side.unit_price, &side.amount] {
            put_option(text.as_deref(), out);
        }
    }
    Ok(())
}

/// Reads what [`pack`] appended.
pub(super) fn unpack(packed: &[u8]) -> Result<Finding, ReconcileError> {
    read(&mut Packed(packed)).ok_or_else(spoiled)
}

fn read(packed: &mut Packed<'_>) -> Option<Finding> {
    Some(Finding {
        kind: packed.parsed()?,
        account: AccountRef {
            id: packed.owned()?,
            name: packed.owned()?,
        },
        branch: packed.option()?,
        sku: packed.owned()?,
        currency: packed.parsed()?,
        field: packed.owned()?,
        expected: packed.option()?,
        actual: packed.option()?,
        unit_expected: packed.decimal()?,
        unit_actual: packed.decimal()?,
        impact: packed.decimal()?,
        annualised: if packed.flag()? {
            Some(packed.decimal()?)
        } else {
            None
        },
        severity: packed.parsed()?,
        estimated: packed.flag()?,
        ambiguous: packed.flag()?,
        secondary: (0..packed.count()?)
            .map(|_| packed.parsed())
            .collect::<Option<_>>()?,
        linked: if packed.flag()? {
            Some((packed.owned()?, packed.owned()?))
        } else {
            None
        },
        candidates: match packed.text()? {
            "" => Vec::new(),
            told => serde_json::from_str::<Vec<Candidate>>(told).ok()?,
        },
        sides: (0..packed.count()?)
            .map(|_| read_side(packed))
            .collect::<Option<_>>()?,
    })
}

fn read_side(packed: &mut Packed<'_>) -> Option<Side> {
    Some(Side {
        side: packed.owned()?,
        source: packed.owned()?,
        entity: packed.owned()?,
        id: packed.owned()?,
        label: packed.owned()?,
        quantity: packed.option()?,
        unit_price: packed.option()?,
        amount: packed.option()?,
    })
}

fn put_count(count: usize, out: &mut Vec<u8>) {
    // No text and no list of a finding has four billion parts.
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    out.extend_from_slice(&count.to_le_bytes());
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put_count(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

fn put_option(text: Option<&str>, out: &mut Vec<u8>) {
    out.push(u8::from(text.is_some()));
    if let Some(text) = text {
        put_text(text, out);
    }
}

fn spoiled() -> ReconcileError {
    ReconcileError::Engine {
        doing: "reading its own findings",
        source: "they are not as they were written".into(),
    }
}

/// What is left to be read.
struct Packed<'p>(&'p [u8]);

impl<'p> Packed<'p> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, left) = self.0.split_first_chunk()?;
        self.0 = left;
        Some(*taken)
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.take()?)).ok()
    }

    fn flag(&mut self) -> Option<bool> {
        self.take::<1>().map(|[flag]| flag != 0)
    }

    fn text(&mut self) -> Option<&'p str> {
        let length = self.count()?;
        let (taken, left) = self.0.split_at_checked(length)?;
        self.0 = left;
        std::str::from_utf8(taken).ok()
    }

    fn owned(&mut self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    #[expect(
        clippy::option_option,
        reason = "an absent text is something else than none that can be read"
    )]
    fn option(&mut self) -> Option<Option<String>> {
        Some(if self.flag()? {
            Some(self.owned()?)
        } else {
            None
        })
    }

    fn parsed<T: FromStr>(&mut self) -> Option<T> {
        self.text()?.parse().ok()
    }

    fn decimal(&mut self) -> Option<Decimal> {
        self.take().map(Decimal::deserialize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::discrepancy::{Kind, Severity};

    // Goal: a finding comes back as it was. Method: one with everything, and one with as little as
    // there can be.
    #[test]
    fn a_finding_comes_back() {
        let side = Side {
            side: "base".into(),
            source: "crm".into(),
            entity: "contracts".into(),
            id: "7\u{0}".into(),
            label: String::new(),
            quantity: Some("1.5".into()),
            unit_price: None,
            amount: Some(String::new()),
        };
        let candidate = Candidate {
            pass: "sku".into(),
            account: None,
            sku: "Y".into(),
            period: "2026-03".parse().unwrap(),
            currency: "EUR".parse().unwrap(),
            quantity: None,
            amount: Some("3".into()),
            reason: "another product".into(),
        };
        let whole = Finding {
            kind: Kind::Quantity,
            account: AccountRef {
                id: "acc_1".into(),
                name: "Ährenfeld".into(),
            },
            branch: Some("north".into()),
            sku: "X".into(),
            currency: "USD".parse().unwrap(),
            field: "quantity".into(),
            expected: Some("1".into()),
            actual: Some("2".into()),
            unit_expected: Decimal::new(-12345, 3),
            unit_actual: Decimal::MAX,
            impact: Decimal::MIN,
            annualised: Some(Decimal::ONE),
            severity: Severity::Critical,
            estimated: true,
            ambiguous: true,
            secondary: vec![Kind::UnitPrice, Kind::Tax],
            linked: Some(("acc_2".into(), "Z".into())),
            candidates: vec![candidate.clone(), candidate],
            sides: vec![side.clone(), side],
        };
        let bare = Finding {
            branch: None,
            expected: None,
            actual: None,
            annualised: None,
            estimated: false,
            ambiguous: false,
            secondary: Vec::new(),
            linked: None,
            candidates: Vec::new(),
            sides: Vec::new(),
            ..whole.clone()
        };
        for finding in [whole, bare] {
            let mut packed = Vec::new();
            pack(&finding, &mut packed).unwrap();
            assert_eq!(unpack(&packed).unwrap(), finding);
            assert!(unpack(&packed[..packed.len() - 1]).is_err());
        }
    }
}
