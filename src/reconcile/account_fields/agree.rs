//! When two spellings say the same. What is absent on one side is not different.

use super::row::AccountRow;
use crate::reconcile::identity::normalise_tax_id;

/// Words of streets, and how they are written short.
const SHORT_WORDS: &[(&str, &str)] = &[
    ("apartment", "apt"),
    ("avenue", "ave"),
    ("boulevard", "blvd"),
    ("building", "bldg"),
    ("court", "ct"),
    ("drive", "dr"),
    ("east", "e"),
    ("floor", "fl"),
    ("highway", "hwy"),
    ("lane", "ln"),
    ("north", "n"),
    ("parkway", "pkwy"),
    ("place", "pl"),
    ("road", "rd"),
    ("south", "s"),
    ("square", "sq"),
    ("street", "st"),
    ("suite", "ste"),
    ("west", "w"),
];
/// Endings of street names, and how they are written short.
const SHORT_ENDINGS: &[(&str, &str)] = &[("straße", "str"), ("strasse", "str")];
/// A region or country is a code up to this length, and a name above: the two are not compared.
const CODE_LENGTH_MAX: usize = 3;

/// Whether two lists of addresses have one in common.
pub(super) fn emails(base: &str, peer: &str) -> bool {
    let addresses = |text: &str| -> Vec<String> {
        text.split([',', ';', ' ', '\t'])
            .map(|one| one.trim().to_lowercase())
            .filter(|one| !one.is_empty())
            .collect()
    };
    let known = addresses(base);
    addresses(peer).iter().any(|one| known.contains(one))
}

/// Whether two tax ids are one; `None` where one of them identifies nobody.
pub(super) fn tax_ids(base: &AccountRow, peer: &AccountRow) -> Option<bool> {
    let (base_text, peer_text) = (base.tax_id.as_deref()?, peer.tax_id.as_deref()?);
    // A number without a country is that of the country that either account names.
    let countries = [base.country.as_deref(), peer.country.as_deref(), None];
    let mut is_known = false;
    for country in countries {
        let known = normalise_tax_id(base_text, country).zip(normalise_tax_id(peer_text, country));
        let Some((base_id, peer_id)) = known else {
            continue;
        };
        is_known = true;
        let is_bare = |id: &str| id.starts_with(|first: char| first.is_ascii_digit());
        let is_one = base_id == peer_id
            || (is_bare(&base_id) && peer_id.get(2..) == Some(&base_id))
            || (is_bare(&peer_id) && base_id.get(2..) == Some(&peer_id));
        if is_one {
            return Some(true);
        }
    }
    is_known.then_some(false)
}

/// Whether two addresses are one, as far as both state their parts; `None` where they have no part
/// in common.
pub(super) fn addresses(base: &AccountRow, peer: &AccountRow) -> Option<bool> {
    let parts = [
        both(base.street.as_ref(), peer.street.as_ref())
            .map(|(one, other)| street(one) == street(other)),
        both(base.city.as_ref(), peer.city.as_ref()).map(|(one, other)| words(one) == words(other)),
        both(base.region.as_ref(), peer.region.as_ref()).and_then(|(one, other)| codes(one, other)),
        both(base.postal_code.as_ref(), peer.postal_code.as_ref())
            .map(|(one, other)| postal_codes(&compact(one), &compact(other))),
        both(base.country.as_ref(), peer.country.as_ref())
            .and_then(|(one, other)| codes(one, other)),
    ];
    let told: Vec<bool> = parts.into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.iter().all(|same| *same))
}

/// Whether two payment terms are the same, whatever blanks, case and words they are written with.
pub(super) fn terms(base: &str, peer: &str) -> bool {
    term(base) == term(peer)
}

fn both<'t>(base: Option<&'t String>, peer: Option<&'t String>) -> Option<(&'t str, &'t str)> {
    base.map(String::as_str).zip(peer.map(String::as_str))
}

fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn street(text: &str) -> Vec<String> {
    let short = |word: String| {
        let known = SHORT_WORDS.iter().find(|(long, _)| *long == word);
        if let Some((_, short)) = known {
            return (*short).to_owned();
        }
        let ending = SHORT_ENDINGS.iter().find_map(|(long, short)| {
            let stem = word.strip_suffix(long)?;
            Some(format!("{stem}{short}"))
        });
        ending.unwrap_or(word)
    };
    words(text).into_iter().map(short).collect()
}

fn compact(text: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect()
}

/// A long postal code is a finer one than its beginning.
fn postal_codes(base: &str, peer: &str) -> bool {
    let is_finer = |long: &str, short: &str| short.len() == 5 && long.starts_with(short);
    base == peer || is_finer(base, peer) || is_finer(peer, base)
}

/// A code and a name are not compared: nobody knows whether they are the same.
fn codes(base: &str, peer: &str) -> Option<bool> {
    let (base, peer) = (compact(base), compact(peer));
    let is_code = |text: &String| text.chars().count() <= CODE_LENGTH_MAX;
    let is_comparable = if is_code(&base) {
        is_code(&peer) && base.len() == peer.len()
    } else {
        !is_code(&peer)
    };
    is_comparable.then(|| base == peer)
}

/// `Net 30`, `NET30`, `net 30 days` and `30 days net` are one.
fn term(text: &str) -> String {
    let mut compact: String = text
        .chars()
        .filter(|letter| letter.is_alphanumeric() || matches!(letter, '/' | '%' | '.'))
        .flat_map(char::to_uppercase)
        .collect();
    for word in ["DAYS", "DAY"] {
        compact = compact.replace(word, "");
    }
    if let Some(days) = compact.strip_suffix("NET")
        && !days.is_empty()
        && days.chars().all(|letter| letter.is_ascii_digit())
    {
        compact = format!("NET{days}");
    }
    if compact.starts_with('N') && compact[1..].chars().all(|letter| letter.is_ascii_digit()) {
        compact.insert_str(1, "ET");
    }
    if !compact.is_empty() && compact.chars().all(|letter| letter.is_ascii_digit()) {
        compact.insert_str(0, "NET");
    }
    match compact.as_str() {
        "DUEONRECEIPT" | "UPONRECEIPT" | "ONRECEIPT" | "IMMEDIATE" | "DUEUPONRECEIPT" => {
            "NET0".to_owned()
        }
        _ => compact,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: spellings of one thing meet, and different things do not. Method: tables.
    #[test]
    fn spellings_meet() {
        for (base, peer, is_same) in [
            ("AP@Acme.com", "ap@acme.com ", true),
            ("ap@acme.com", "cfo@acme.com; AP@acme.com", true),
            ("ap@acme.com", "ap@acme.org", false),
        ] {
            assert_eq!(emails(base, peer), is_same, "{base} {peer}");
        }
        for (base, peer, is_same) in [
            ("NET30", "Net 30", true),
            ("30 days net", "NET30", true),
            ("n30", "30", true),
            ("2/10 NET30", "2/10 net 30 days", true),
            ("Due on receipt", "NET0", true),
            ("NET30", "NET45", false),
            ("2/10 NET30", "NET30", false),
        ] {
            assert_eq!(terms(base, peer), is_same, "{base} {peer}");
        }
    }

    fn at(street: &str, city: &str, region: &str, code: &str, country: &str) -> AccountRow {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        AccountRow {
            street: text(street),
            city: text(city),
            region: text(region),
            postal_code: text(code),
            country: text(country),
            ..AccountRow::default()
        }
    }

    // Goal: an address is compared part by part, as far as both sides state a part. Method: a table.
    #[test]
    fn addresses_are_compared_by_what_both_state() {
        let base = at("12 Main Street, Suite 4", "Boston", "MA", "02110", "US");
        for (peer, told) in [
            (
                at("12 Main St Ste 4", "BOSTON", "", "02110-1234", ""),
                Some(true),
            ),
            (at("", "", "Massachusetts", "", "United States"), None),
            (at("12 Main St Ste 4", "", "NY", "", ""), Some(false)),
            (
                at("14 Main St Ste 4", "Boston", "MA", "02110", "US"),
                Some(false),
            ),
            (at("", "", "", "", ""), None),
        ] {
            assert_eq!(addresses(&base, &peer), told, "{peer:?}");
        }
        let german = at("Hauptstraße 5", "", "", "", "");
        assert_eq!(
            addresses(&german, &at("Hauptstr. 5", "", "", "", "")),
            Some(true)
        );
    }

    // Goal: a tax id without its country is the same as the one with it, and a placeholder says
    // nothing. Method: a table.
    #[test]
    fn tax_ids_meet_with_and_without_their_country() {
        let row = |tax_id: &str, country: &str| AccountRow {
            tax_id: Some(tax_id.to_owned()),
            country: (!country.is_empty()).then(|| country.to_owned()),
            ..AccountRow::default()
        };
        for (base, peer, told) in [
            (
                row("DE 123.456.789", ""),
                row("123456789", "DE"),
                Some(true),
            ),
            (row("DE123456789", ""), row("123456789", ""), Some(true)),
            (row("12-3456789", "US"), row("123456789", ""), Some(true)),
            (row("DE123456789", ""), row("DE999999999", ""), None),
            (row("DE123456789", ""), row("DE123456780", ""), Some(false)),
            (row("DE123456789", ""), row("n/a", ""), None),
        ] {
            assert_eq!(tax_ids(&base, &peer), told, "{base:?} {peer:?}");
        }
    }
}
