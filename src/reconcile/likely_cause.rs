//! Why nearly nothing matches: one cause that explains thousands of differences at once.

use std::collections::{BTreeMap, BTreeSet};

use super::billing::{BILLING_RULE, UNRESOLVED};
use super::discrepancy::{Discrepancy, Side};
use super::identity::AccountDirectory;
use super::outcome::{Finding, Outcome};

/// How many units there must be before a pattern is looked for.
const UNITS_MIN: u64 = 5;
/// A mismatch is nearly total from this share of the compared units on, in percent.
const SHARE_PERCENT: u64 = 80;
/// How many names of each side are looked at.
const NAMES_MAX: usize = 5_000;
/// How many names of the smaller side must meet once they are spelled alike, in percent.
const MET_PERCENT: usize = 50;

/// A question to the user, and what makes names alike if the answer is yes.
type Spelling = (&'static str, fn(&str) -> String);
/// How two systems spell one name differently, and what takes the difference away.
const SPELLINGS: &[Spelling] = &[
    ("are blanks and letter case different", |name| {
        name.trim().to_lowercase()
    }),
    ("are there zeros in front", |name| {
        name.trim().trim_start_matches('0').to_lowercase()
    }),
    ("is the id prefix different", |name| {
        let from = name.find(|letter: char| letter.is_ascii_digit());
        from.map_or_else(String::new, |from| {
            name[from..].trim_start_matches('0').to_lowercase()
        })
    }),
    ("are the separators different", |name| {
        name.chars()
            .filter(|letter| letter.is_alphanumeric())
            .collect::<String>()
            .to_lowercase()
    }),
    ("is the id suffix different", |name| {
        let end = name.find(|letter: char| !letter.is_ascii_alphanumeric());
        name[..end.unwrap_or(name.len())].to_lowercase()
    }),
];

/// The likely cause of a nearly total mismatch, in one sentence; `None` where there is none.
/// `seen` has all findings of the outcome.
pub fn likely_cause(
    outcome: &Outcome,
    seen: &OneSided,
    directory: &AccountDirectory,
) -> Option<String> {
    let sum = |count: fn(&super::outcome::UnitTotals) -> u64| {
        outcome.totals.iter().map(count).sum::<u64>()
    };
    let (units, discrepant) = (sum(|one| one.units), sum(|one| one.discrepant));
    if units < UNITS_MIN || discrepant * 100 < units * SHARE_PERCENT {
        return None;
    }
    let is_total = (seen.base.count + seen.peer.count) * 100 >= units * SHARE_PERCENT;
    if !is_total {
        return None;
    }
    if seen.base.count == 0 || seen.peer.count == 0 {
        return empty_leg(outcome, seen.base.count == 0);
    }
    set_apart(seen, directory)
}

/// The same of many items of the book, where nearly all of them stand on one side only.
pub fn likely_cause_of_items(
    items: &[Discrepancy],
    directory: &AccountDirectory,
) -> Option<String> {
    let mut seen = OneSided::default();
    for item in items {
        seen.take(&Sighting::from(item));
    }
    let (base, peer) = (seen.base.count, seen.peer.count);
    let is_total = (base + peer) * 100 >= items.len() as u64 * SHARE_PERCENT;
    if !is_total || base == 0 || peer == 0 {
        return None;
    }
    set_apart(&seen, directory)
}

/// What is looked at of a finding or an item.
#[derive(Clone, Copy)]
struct Sighting<'a> {
    account: &'a str,
    sku: &'a str,
    sides: &'a [Side],
    has_expected: bool,
    has_actual: bool,
}

impl<'a> From<&'a Finding> for Sighting<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            account: &finding.account.id,
            sku: &finding.sku,
            sides: &finding.sides,
            has_expected: finding.expected.is_some(),
            has_actual: finding.actual.is_some(),
        }
    }
}

impl<'a> From<&'a Discrepancy> for Sighting<'a> {
    fn from(item: &'a Discrepancy) -> Self {
        Self {
            account: &item.account,
            sku: &item.sku,
            sides: &item.sides,
            has_expected: item.expected.is_some(),
            has_actual: item.actual.is_some(),
        }
    }
}

impl Sighting<'_> {
    /// Whether only one side has the unit: the base, or else the peer.
    fn is_only(&self, is_base: bool) -> bool {
        let has = |side: &str| self.sides.iter().any(|other| other.side == side);
        match (has("base"), has("peer")) {
            (false, false) => self.has_expected == is_base && self.has_actual != is_base,
            (base, peer) => base == is_base && peer != is_base,
        }
    }
}

/// Units that only the base has, and those that only the peer has: how many, and the names of the
/// first ones.
#[derive(Debug, Default)]
pub struct OneSided {
    base: Seen,
    peer: Seen,
}

#[derive(Debug, Default)]
struct Seen {
    count: u64,
    accounts: Vec<String>,
    skus: Vec<String>,
    keys: Vec<String>,
}

impl OneSided {
    /// Those among some findings.
    pub fn of<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Self {
        let mut seen = Self::default();
        for finding in findings {
            seen.add(finding);
        }
        seen
    }

    /// Looks at one more finding.
    pub fn add(&mut self, finding: &Finding) {
        self.take(&Sighting::from(finding));
    }

    fn take(&mut self, one: &Sighting<'_>) {
        for (is_base, seen) in [(true, &mut self.base), (false, &mut self.peer)] {
            if !one.is_only(is_base) {
                continue;
            }
            seen.count += 1;
            keep(&mut seen.accounts, one.account);
            keep(&mut seen.skus, one.sku);
            for side in one.sides {
                keep(&mut seen.keys, &side.id);
            }
        }
    }
}

fn keep(names: &mut Vec<String>, name: &str) {
    let is_known = names.last().is_some_and(|last| last == name);
    if names.len() < NAMES_MAX && is_name(name) && !is_known {
        names.push(name.to_owned());
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name != "(none)"
}

/// What sets both sides apart: the accounts, the products or the keys.
fn set_apart(seen: &OneSided, directory: &AccountDirectory) -> Option<String> {
    let accounts = |seen: &Seen| -> BTreeSet<String> {
        let names = seen.accounts.iter();
        let names = names.flat_map(|account| account_names(account, directory));
        names.filter(|name| is_name(name)).take(NAMES_MAX).collect()
    };
    let distinct = |names: &[String]| -> BTreeSet<String> { names.iter().cloned().collect() };
    let (base, peer) = (&seen.base, &seen.peer);
    apart("account", &accounts(base), &accounts(peer))
        .or_else(|| apart("product", &distinct(&base.skus), &distinct(&peer.skus)))
        .or_else(|| apart("key", &distinct(&base.keys), &distinct(&peer.keys)))
}

/// A leg that takes no row of the period, where one side is missing everywhere.
fn empty_leg(outcome: &Outcome, is_base: bool) -> Option<String> {
    let is_leg = |leg: &str| match (outcome.rule == BILLING_RULE, is_base) {
        (false, _) => true,
        (true, true) => leg == "contracts",
        (true, false) => leg == "invoice_lines",
    };
    let mut legs: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for proof in outcome
        .completeness
        .iter()
        .filter(|proof| is_leg(&proof.entity))
    {
        let counts = legs.entry(&proof.entity).or_default();
        counts.0 += proof.extracted;
        counts.1 += proof.matched + proof.unmatched;
    }
    let (leg, (extracted, _)) = legs.into_iter().find(|(_, (_, taken))| *taken == 0)?;
    Some(if extracted == 0 {
        format!("`{leg}` has no row at all: was its source pulled, and is its filter right?")
    } else {
        format!(
            "none of the {extracted} rows of `{leg}` is compared in {}: are they of other periods, or \
             out of scope?",
            outcome.period
        )
    })
}

/// The ids by which systems know an account.
fn account_names(id: &str, directory: &AccountDirectory) -> Vec<String> {
    if let Some(golden) = directory.get(id) {
        return golden.members.iter().map(|(_, id)| id.clone()).collect();
    }
    let reference = id
        .strip_prefix(UNRESOLVED)
        .and_then(|rest| rest.split_once(':'))
        .map_or(id, |(_, reference)| reference);
    vec![reference.to_owned()]
}

/// What sets the names of both sides apart, where no name of one is among those of the other.
fn apart(what: &str, base: &BTreeSet<String>, peer: &BTreeSet<String>) -> Option<String> {
    if base.is_empty() || peer.is_empty() || base.intersection(peer).next().is_some() {
        return None;
    }
    let smaller = base.len().min(peer.len());
    for (question, spelled) in SPELLINGS {
        let alike = |names: &BTreeSet<String>| -> BTreeMap<String, String> {
            names
                .iter()
                .map(|name| (spelled(name), name.clone()))
                .filter(|(spelling, _)| !spelling.is_empty())
                .collect()
        };
        let (base, peer) = (alike(base), alike(peer));
        let met: Vec<(&String, &String)> = base
            .iter()
            .filter_map(|(spelling, name)| Some((name, peer.get(spelling)?)))
            .collect();
        if let Some((one, other)) = met
            .first()
            .filter(|_| met.len() * 100 >= smaller * MET_PERCENT)
        {
            return Some(format!(
                "no {what} of the base is in the peer: {question}? e.g. `{one}` beside `{other}`"
            ));
        }
    }
    let (one, other) = (base.first()?, peer.first()?);
    Some(format!(
        "no {what} of the base is in the peer, e.g. `{one}` beside `{other}`: do both name the same \
         thing?"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    // Goal: the difference in spelling is named, with a pair. Method: names as systems spell them.
    #[test]
    fn the_spelling_that_sets_names_apart_is_named() {
        for (base, peer, told) in [
            (
                ["C-001", "C-002"],
                ["001", "002"],
                "prefix different? e.g. `C-001` beside `001`",
            ),
            (
                ["007", "008"],
                ["7", "8"],
                "zeros in front? e.g. `007` beside `7`",
            ),
            (
                ["abc", "abd"],
                ["ABC", "ABD"],
                "letter case different? e.g. `abc` beside `ABC`",
            ),
            (
                ["a-b", "c-d"],
                ["ab", "cd"],
                "separators different? e.g. `a-b` beside `ab`",
            ),
            (
                ["ab", "cd"],
                ["ab.eu", "cd.eu"],
                "suffix different? e.g. `ab` beside `ab.eu`",
            ),
            (
                ["x", "y"],
                ["p", "q"],
                "e.g. `x` beside `p`: do both name the same",
            ),
        ] {
            let cause = apart("key", &names(&base), &names(&peer)).unwrap();
            assert!(cause.contains(told), "{cause}");
        }
        assert_eq!(apart("key", &names(&["a"]), &names(&["a", "b"])), None);
    }
}
