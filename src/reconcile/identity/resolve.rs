//! From the accounts of all sources and the standing crosswalk to golden accounts, and to what of
//! the crosswalk has to be written.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::canonical::Record;
use crate::config::Role;
use crate::store::CrosswalkEntry;

use super::cluster::{Clusters, Facts};
use super::directory::AccountDirectory;
use super::golden_id::golden_id;
use super::survivorship::survive;
use super::tax_id::normalise;

/// The rule of an entry that a person made; the system never changes it.
const MANUAL: &str = "manual";

type Key = (String, String);

/// One account: a living record, or a membership whose record is gone.
struct Node<'a> {
    record: Option<&'a Record>,
    standing: Option<&'a CrosswalkEntry>,
}

/// Groups accounts into customers. Returns the directory, and the crosswalk entries that are new or
/// whose golden id changed. The order of the input does not matter.
pub fn resolve_identity(
    accounts: &[Record],
    roles: &BTreeMap<String, Vec<Role>>,
    standing: &[CrosswalkEntry],
    now: Timestamp,
) -> (AccountDirectory, Vec<CrosswalkEntry>) {
    let nodes = nodes(accounts, standing);
    let keys: Vec<&Key> = nodes.keys().collect();
    let nodes_in_order: Vec<&Node<'_>> = nodes.values().collect();
    let mut clusters = Clusters::new(nodes_in_order.iter().map(|node| facts(node)).collect());
    let mut rules: Vec<Option<&'static str>> = vec![None; keys.len()];

    keep_manual(&nodes_in_order, &mut clusters);
    for (base, peer) in link_edges(&nodes) {
        if clusters.join(base, peer) {
            rules[base].get_or_insert("linked_id");
            rules[peer].get_or_insert("linked_id");
        }
    }
    for group in tax_groups(&keys, &clusters) {
        for pair in group.windows(2) {
            if clusters.join(pair[0], pair[1]) {
                rules[pair[0]].get_or_insert("tax_id");
                rules[pair[1]].get_or_insert("tax_id");
            }
        }
    }

    let golden_ids = name_clusters(&keys, &nodes_in_order, &clusters, roles);
    let mut golden_accounts = Vec::new();
    let mut entries = Vec::new();
    for (root, members) in clusters.members() {
        let Some(golden) = golden_ids.get(&root) else {
            continue;
        };
        for at in &members {
            let unchanged = nodes_in_order[*at]
                .standing
                .is_some_and(|entry| entry.golden_id == *golden || entry.rule == MANUAL);
            if !unchanged {
                entries.push(CrosswalkEntry {
                    source: keys[*at].0.clone(),
                    source_id: keys[*at].1.clone(),
                    golden_id: golden.clone(),
                    valid_from: now,
                    valid_to: None,
                    decided_by: "crossfoot".into(),
                    rule: rules[*at].unwrap_or("alone").into(),
                    score: "1".into(),
                });
            }
        }
        let records: Vec<&Record> = members
            .iter()
            .filter_map(|at| nodes_in_order[*at].record)
            .collect();
        let member_keys = members.iter().map(|at| keys[*at].clone()).collect();
        golden_accounts.push(survive(golden.clone(), member_keys, &records, roles));
    }
    (AccountDirectory::new(golden_accounts), entries)
}

fn nodes<'a>(accounts: &'a [Record], standing: &'a [CrosswalkEntry]) -> BTreeMap<Key, Node<'a>> {
    let mut nodes: BTreeMap<Key, Node<'a>> = BTreeMap::new();
    for record in accounts.iter().filter(|record| !record.is_deleted()) {
        let key = (record.source().to_owned(), record.id().to_owned());
        nodes.entry(key).or_insert(Node {
            record: Some(record),
            standing: None,
        });
    }
    for entry in standing.iter().filter(|entry| entry.valid_to.is_none()) {
        let key = (entry.source.clone(), entry.source_id.clone());
        nodes
            .entry(key)
            .or_insert(Node {
                record: None,
                standing: None,
            })
            .standing = Some(entry);
    }
    nodes
}

fn facts(node: &Node<'_>) -> Facts {
    let tax_id = node.record.and_then(|record| {
        record
            .text("tax_id")
            .and_then(|text| normalise(text, record.text("country")))
    });
    Facts {
        pinned: node
            .standing
            .filter(|entry| entry.rule == MANUAL)
            .map(|entry| entry.golden_id.clone()),
        standing: node
            .standing
            .map(|entry| entry.golden_id.clone())
            .into_iter()
            .collect(),
        tax_ids: tax_id.into_iter().collect(),
    }
}

/// Joins what a person put under one golden id with what has that golden id already, and keeps the
/// accounts together whose records are gone: nothing newer speaks against it.
fn keep_manual(nodes: &[&Node<'_>], clusters: &mut Clusters) {
    let pinned: BTreeSet<&str> = nodes
        .iter()
        .filter_map(|node| node.standing)
        .filter(|entry| entry.rule == MANUAL)
        .map(|entry| entry.golden_id.as_str())
        .collect();
    let mut firsts: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, node) in nodes.iter().enumerate() {
        let Some(entry) = node.standing else { continue };
        if pinned.contains(entry.golden_id.as_str()) {
            let first = *firsts.entry(&entry.golden_id).or_insert(at);
            clusters.force(first, at);
        }
    }
    let mut living: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, node) in nodes.iter().enumerate() {
        if let (Some(_), Some(entry)) = (node.record, node.standing) {
            living.entry(&entry.golden_id).or_insert(at);
        }
    }
    for (at, node) in nodes.iter().enumerate() {
        if let (None, Some(entry)) = (node.record, node.standing) {
            let first = *living.entry(&entry.golden_id).or_insert(at);
            clusters.force(first, at);
        }
    }
}

/// Explicit links, in a stable order: `source:id`, or a bare id that one other source has.
fn link_edges(nodes: &BTreeMap<Key, Node<'_>>) -> Vec<(usize, usize)> {
    let positions: BTreeMap<&Key, usize> = nodes.keys().zip(0..).collect();
    let mut by_id: BTreeMap<&str, Vec<&Key>> = BTreeMap::new();
    for key in nodes.keys() {
        by_id.entry(&key.1).or_default().push(key);
    }
    let mut edges = Vec::new();
    for (key, node) in nodes {
        let Some(record) = node.record else { continue };
        for link in record.list("linked_ids") {
            let link = link.trim();
            let spelled = link
                .split_once(':')
                .map(|(source, id)| (source.to_owned(), id.to_owned()))
                .filter(|spelled| positions.contains_key(spelled));
            let target = spelled.or_else(|| {
                let others: Vec<&&Key> = by_id
                    .get(link)?
                    .iter()
                    .filter(|other| other.0 != key.0)
                    .collect();
                match others.as_slice() {
                    [only] => Some((**only).clone()),
                    _ => None,
                }
            });
            if let Some(target) = target.filter(|target| target != key) {
                edges.push((positions[key], positions[&target]));
            }
        }
    }
    edges
}

/// Accounts with one tax id. Where a source has two of them that nothing else joins, several billing
/// accounts of one customer were not declared, and the whole group is left for a person.
fn tax_groups(keys: &[&Key], clusters: &Clusters) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for at in 0..keys.len() {
        for tax_id in &clusters.facts(at).tax_ids {
            groups.entry(tax_id.clone()).or_default().push(at);
        }
    }
    groups
        .into_values()
        .filter(|group| {
            let mut root_of: BTreeMap<&str, usize> = BTreeMap::new();
            group.iter().all(|at| {
                let root = clusters.root(*at);
                *root_of.entry(&keys[*at].0).or_insert(root) == root
            })
        })
        .collect()
}

/// The golden id of every cluster: the pinned one, else the oldest that a member had and no other
/// cluster has a better claim to, else a new one.
fn name_clusters(
    keys: &[&Key],
    nodes: &[&Node<'_>],
    clusters: &Clusters,
    roles: &BTreeMap<String, Vec<Role>>,
) -> BTreeMap<usize, String> {
    let clusters_by_root = clusters.members();
    let mut golden_ids: BTreeMap<usize, String> = BTreeMap::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for root in clusters_by_root.keys() {
        if let Some(pinned) = &clusters.facts(*root).pinned {
            golden_ids.insert(*root, pinned.clone());
            taken.insert(pinned.clone());
        }
    }
    // A claim is ranked by how the account stands in the crosswalk: an account of the CRM that
    // founded the customer keeps its id when the cluster falls apart.
    let rank = |at: usize| {
        let is_crm = roles
            .get(&keys[at].0)
            .is_some_and(|roles| roles.contains(&Role::Crm));
        (!is_crm, keys[at].clone())
    };
    let mut claims: Vec<(Timestamp, (bool, Key), String, usize)> = Vec::new();
    for (root, members) in &clusters_by_root {
        for at in members {
            if let Some(entry) = nodes[*at].standing {
                claims.push((entry.valid_from, rank(*at), entry.golden_id.clone(), *root));
            }
        }
    }
    claims.sort();
    for (_, _, golden, root) in claims {
        if !golden_ids.contains_key(&root) && !taken.contains(&golden) {
            taken.insert(golden.clone());
            golden_ids.insert(root, golden);
        }
    }
    for (root, members) in &clusters_by_root {
        if !golden_ids.contains_key(root)
            && let Some(founder) = members.iter().min_by_key(|at| rank(**at))
        {
            let (source, id) = keys[*founder];
            let golden = golden_id(&format!("{source}:{id}"), &taken);
            taken.insert(golden.clone());
            golden_ids.insert(*root, golden);
        }
    }
    golden_ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{Entity, Value};

    fn account(source: &str, id: &str, name: &str, tax_id: Option<&str>, links: &[&str]) -> Record {
        let mut record = Record::empty(Entity::Accounts);
        let text = |text: &str| Some(Value::Text(text.into()));
        record.set("source", text(source));
        record.set("id", text(id));
        record.set("name", text(name));
        record.set("tax_id", tax_id.and_then(text));
        record.set(
            "linked_ids",
            Some(Value::List(links.iter().map(|&link| link.into()).collect())),
        );
        record
    }

    fn roles() -> BTreeMap<String, Vec<Role>> {
        BTreeMap::from([
            ("billing".into(), vec![Role::Billing]),
            ("crm".into(), vec![Role::Crm]),
        ])
    }

    fn resolve(
        accounts: &[Record],
        standing: &[CrosswalkEntry],
    ) -> (AccountDirectory, Vec<CrosswalkEntry>) {
        resolve_identity(accounts, &roles(), standing, Timestamp::UNIX_EPOCH)
    }

    // Goal: links and tax ids join accounts over sources, and references are resolved by the three
    // steps of the contract. Method: four accounts, then questions.
    #[test]
    fn links_and_tax_ids_make_one_customer() {
        let accounts = [
            account("crm", "c1", "Acme", None, &["billing:b1"]),
            account("billing", "b1", "Acme Ltd", None, &[]),
            account("crm", "c2", "Bolt", Some("DE 123 456 788"), &[]),
            account("billing", "b2", "Bolt GmbH", Some("DE123456788"), &[]),
        ];
        let (directory, entries) = resolve(&accounts, &[]);
        assert_eq!(directory.accounts().count(), 2);
        assert_eq!(entries.len(), 4);
        let acme = directory.golden("crm", "c1").unwrap();
        assert_eq!(acme.name, "Acme Ltd", "the bill's name comes first");
        assert_eq!(directory.golden("seats", "c1"), Some(acme));
        assert_eq!(directory.golden("seats", "billing:b1"), Some(acme));
        assert_eq!(directory.golden("seats", "nobody"), None);
        assert_eq!(directory.find(&acme.id), Some(acme));
        let bolt = directory.find("billing:b2").unwrap();
        assert_eq!(directory.golden("crm", "c2"), Some(bolt));
    }

    // Goal: a second night changes nothing, whatever the order of the rows. Method: resolve again
    // with the entries of the first night and the rows reversed.
    #[test]
    fn a_second_night_changes_nothing() {
        let mut accounts = vec![
            account("crm", "c1", "Acme", None, &["b1"]),
            account("billing", "b1", "Acme", None, &[]),
            account("billing", "b9", "Zeta", None, &[]),
        ];
        let (first, entries) = resolve(&accounts, &[]);
        accounts.reverse();
        let (second, changed) = resolve(&accounts, &entries);
        assert!(changed.is_empty(), "{changed:?}");
        let ids = |directory: &AccountDirectory| -> Vec<String> {
            directory
                .accounts()
                .map(|golden| golden.account.id.clone())
                .collect()
        };
        assert_eq!(ids(&first), ids(&second));
    }

    // Goal: contradicting tax ids are never one customer, not even by an explicit link, and two
    // accounts of one source with one tax id are left apart. Method: both cases.
    #[test]
    fn contradictions_and_undeclared_pairs_stay_apart() {
        let accounts = [
            account("crm", "c1", "Acme", Some("DE123456788"), &["billing:b1"]),
            account("billing", "b1", "Acme", Some("DE999999990"), &[]),
            account("crm", "c2", "Bolt", Some("ATU11111112"), &[]),
            account("billing", "b2", "Bolt", Some("ATU11111112"), &[]),
            account("billing", "b3", "Bolt", Some("ATU11111112"), &[]),
        ];
        let (directory, _) = resolve(&accounts, &[]);
        assert_eq!(directory.accounts().count(), 5);
    }

    // Goal: law 11: a merge by a person holds against the evidence, and its unmerge brings the old
    // golden ids back. Method: pin, then pin back.
    #[test]
    fn merge_and_unmerge_are_inverse() {
        let accounts = [
            account("crm", "c1", "Acme", None, &[]),
            account("crm", "c2", "Acme East", None, &[]),
        ];
        let (before, entries) = resolve(&accounts, &[]);
        let keep = before.golden("crm", "c1").unwrap().id.clone();
        let other = before.golden("crm", "c2").unwrap().id.clone();
        let pin = |golden: &str| {
            let mut pinned = entries.clone();
            for entry in pinned.iter_mut().filter(|entry| entry.source_id == "c2") {
                entry.golden_id = golden.to_owned();
                entry.rule = MANUAL.to_owned();
            }
            pinned
        };
        let (merged, changed) = resolve(&accounts, &pin(&keep));
        assert!(changed.is_empty());
        assert_eq!(merged.golden("crm", "c2").unwrap().id, keep);
        assert_eq!(merged.accounts().count(), 1);
        let (apart, changed) = resolve(&accounts, &pin(&other));
        assert!(changed.is_empty());
        assert_eq!(apart.golden("crm", "c1").unwrap().id, keep);
        assert_eq!(apart.golden("crm", "c2").unwrap().id, other);
    }
}
