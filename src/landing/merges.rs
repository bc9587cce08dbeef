//! Accounts that the vendor merged into another of the same source. They leave its lists, or are
//! listed as deleted, and yet are links to what they went into: they must not be buried.

use super::content::{Digest, DigestMap, DigestSet, id_digest};

/// Which accounts name which others of their own source. It does not matter which of the two names
/// the other: some vendors tell it at the survivor, some at what was merged.
#[derive(Debug, Default)]
pub(super) struct Merges {
    names: DigestMap<Vec<Digest>>,
}

impl Merges {
    /// Notes the links of an account's newest version.
    pub(super) fn note(&mut self, source: &str, id: &str, links: &[String]) {
        let named: Vec<Digest> = links
            .iter()
            .filter_map(|link| link.strip_prefix(source)?.strip_prefix(':'))
            .filter(|other| *other != id)
            .map(id_digest)
            .collect();
        if named.is_empty() {
            self.names.remove(&id_digest(id));
        } else {
            self.names.insert(id_digest(id), named);
        }
    }

    /// Whether an account that is said to be gone only went into a living one: it came itself and
    /// names the other, as `came` says, or the other names it.
    pub(super) fn went_into(
        &self,
        id: Digest,
        came: bool,
        is_living: impl Fn(&Digest) -> bool,
    ) -> bool {
        let names_living = || self.names.get(&id).into_iter().flatten().any(&is_living);
        let is_named = || {
            let mut all = self.names.iter();
            all.any(|(namer, named)| named.contains(&id) && is_living(namer))
        };
        (came && names_living()) || is_named()
    }

    /// The accounts that are linked to living ones, by one link or by several.
    pub(super) fn merged(&self, is_living: impl Fn(&Digest) -> bool) -> DigestSet {
        let mut beside: DigestMap<Vec<Digest>> = DigestMap::default();
        for (id, named) in &self.names {
            for other in named {
                beside.entry(*id).or_default().push(*other);
                beside.entry(*other).or_default().push(*id);
            }
        }
        let mut under_way: Vec<Digest> = beside.keys().copied().filter(&is_living).collect();
        let mut merged = DigestSet::default();
        while let Some(id) = under_way.pop() {
            for other in beside.get(&id).into_iter().flatten() {
                if !is_living(other) && merged.insert(*other) {
                    under_way.push(*other);
                }
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: what went into a living account is kept, whoever names whom; what is linked to nothing
    // that lives, or to another source alone, is not. Method: chains and pairs.
    #[test]
    fn what_went_into_a_living_account_is_kept() {
        let mut merges = Merges::default();
        for (id, links) in [
            ("lost", &["crm:kept", "billing:b1"][..]),
            ("older", &["crm:lost"]),
            ("survivor", &["crm:absorbed"]),
            ("dead", &["crm:dead-too"]),
            ("alone", &["billing:kept"]),
        ] {
            let links: Vec<String> = links.iter().map(|&link| link.to_owned()).collect();
            merges.note("crm", id, &links);
        }
        let living = ["kept", "survivor"].map(id_digest);
        let is_living = |id: &Digest| living.contains(id);
        let expected = ["lost", "older", "absorbed"].map(id_digest);
        assert_eq!(merges.merged(is_living), DigestSet::from_iter(expected));
        let went = |id, came| merges.went_into(id_digest(id), came, is_living);
        assert!(went("lost", true) && went("absorbed", false));
        assert!(!went("lost", false) && !went("survivor", false) && !went("dead", true));
        merges.note("crm", "lost", &[]);
        assert_eq!(merges.merged(is_living).len(), 1);
    }
}
