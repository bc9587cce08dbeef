//! Clusters of accounts, joined edge by edge, with a guard: an edge between two clusters that
//! contradict each other is refused, however long the chain is that leads there.

use std::collections::{BTreeMap, BTreeSet};

/// What is known of a cluster as a whole.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// The golden id that a person gave it.
    pub(super) pinned: Option<String>,
    /// The golden ids that its members have had so far.
    pub(super) standing: BTreeSet<String>,
    /// Its members' tax ids, compacted.
    pub(super) tax_ids: BTreeSet<String>,
}

impl Facts {
    fn contradicts(&self, other: &Self) -> bool {
        let differ = |base: &BTreeSet<String>, peer: &BTreeSet<String>| {
            !base.is_empty() && !peer.is_empty() && base.is_disjoint(peer)
        };
        let pin_refuses = |base: &Self, peer: &Self| match (&base.pinned, &peer.pinned) {
            (Some(pinned), Some(also)) => pinned != also,
            (Some(pinned), None) => peer.standing.iter().any(|golden| golden != pinned),
            (None, _) => false,
        };
        differ(&self.tax_ids, &other.tax_ids)
            || pin_refuses(self, other)
            || pin_refuses(other, self)
    }

    fn absorb(&mut self, other: Self) {
        self.pinned = self.pinned.take().or(other.pinned);
        self.standing.extend(other.standing);
        self.tax_ids.extend(other.tax_ids);
    }
}

/// A union of accounts, by their positions in a sorted list.
pub(super) struct Clusters {
    parents: Vec<usize>,
    facts: Vec<Facts>,
}

impl Clusters {
    pub(super) fn new(facts: Vec<Facts>) -> Self {
        Self {
            parents: (0..facts.len()).collect(),
            facts,
        }
    }

    /// The cluster that an account is in: the position of its lowest member.
    pub(super) fn root(&self, at: usize) -> usize {
        let mut root = at;
        while self.parents[root] != root {
            root = self.parents[root];
        }
        root
    }

    /// What is known of the cluster that an account is in.
    pub(super) fn facts(&self, at: usize) -> &Facts {
        &self.facts[self.root(at)]
    }

    /// Joins two clusters without looking for contradictions: a person decided so.
    pub(super) fn force(&mut self, base: usize, peer: usize) {
        let (base, peer) = (self.root(base), self.root(peer));
        if base != peer {
            let (low, high) = (base.min(peer), base.max(peer));
            self.parents[high] = low;
            let absorbed = std::mem::take(&mut self.facts[high]);
            self.facts[low].absorb(absorbed);
        }
    }

    /// Joins two clusters unless they contradict each other; says whether they are one now.
    pub(super) fn join(&mut self, base: usize, peer: usize) -> bool {
        let (base, peer) = (self.root(base), self.root(peer));
        if base == peer {
            return true;
        }
        if self.facts[base].contradicts(&self.facts[peer]) {
            return false;
        }
        self.force(base, peer);
        true
    }

    /// The members of every cluster, by its lowest member.
    pub(super) fn members(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in 0..self.parents.len() {
            members.entry(self.root(at)).or_default().push(at);
        }
        members
    }
}
