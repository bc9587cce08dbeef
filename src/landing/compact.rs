//! Which files are merged: the many small ones that nights leave in one partition.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::file::LandedFile;
use super::names;
use crate::canonical::Entity;

/// A file with at least so many rows is left as it is: merging it gains nothing any more.
const LARGE_ROWS: u64 = 1_048_576;

/// What is merged.
#[derive(Debug, Clone)]
pub struct CompactScope {
    /// Only this entity.
    pub entity: Option<Entity>,
    /// Only this source.
    pub source: Option<String>,
    /// Only files whose rows were all extracted before this instant.
    pub before: Option<Timestamp>,
    /// Only partitions with at least so many files that could be merged.
    pub at_least: usize,
    /// Whether a file that is much larger than all newer ones together is left alone until they have
    /// grown: then what is written over the years is little more than what landed.
    pub in_tiers: bool,
    /// Whether every file that is not encrypted by the present key is written again.
    pub rekey: bool,
}

impl Default for CompactScope {
    fn default() -> Self {
        Self {
            entity: None,
            source: None,
            before: None,
            at_least: 2,
            in_tiers: false,
            rekey: false,
        }
    }
}

/// The groups of files that are to become one each, oldest first within a group. `key_id` is the
/// present key. The quarantine's files are groups of their own: those of one month of extraction, so
/// that merging keeps none of them longer.
pub(super) fn plan(
    files: &[LandedFile],
    scope: &CompactScope,
    key_id: Option<&str>,
) -> Vec<Vec<LandedFile>> {
    let mut partitions: BTreeMap<_, Vec<LandedFile>> = BTreeMap::new();
    for file in files {
        let wanted = scope.entity.is_none_or(|entity| entity == file.entity)
            && scope
                .source
                .as_ref()
                .is_none_or(|source| *source == file.source)
            && scope.before.is_none_or(|before| file.extracted_at < before);
        if wanted {
            let key = (file.quarantine, file.entity, &file.source, file.period);
            partitions.entry(key).or_default().push(file.clone());
        }
    }
    let mut groups = Vec::new();
    for mut of_partition in partitions.into_values() {
        of_partition
            .sort_by(|base, peer| names::version_order(base).cmp(&names::version_order(peer)));
        let is_stale = |file: &LandedFile| scope.rekey && file.key_id.as_deref() != key_id;
        let (small, others): (Vec<_>, Vec<_>) = of_partition
            .into_iter()
            .partition(|file| file.totals.rows < LARGE_ROWS);
        groups.extend(others.into_iter().filter(is_stale).map(|file| vec![file]));
        let merged = if scope.in_tiers {
            newest_tier(small)
        } else {
            small
        };
        if merged.len() >= scope.at_least.max(2) || merged.iter().any(is_stale) {
            groups.push(merged);
        }
    }
    groups
}

/// The newest files, as far back as each older one is no larger than twice those after it.
fn newest_tier(files: Vec<LandedFile>) -> Vec<LandedFile> {
    let mut rows_after = 0;
    let mut from = files.len();
    for (at, file) in files.iter().enumerate().rev() {
        if rows_after > 0 && file.totals.rows > 2 * rows_after {
            break;
        }
        rows_after += file.totals.rows.max(1);
        from = at;
    }
    files.into_iter().skip(from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::totals::ControlTotals;

    fn file(name: &str, rows: u64, night: i64) -> LandedFile {
        let at = Timestamp::from_second(night * 86_400).unwrap();
        LandedFile {
            path: format!("invoices/source=erp/period=2026-01/{name}.parquet"),
            pull_id: name.into(),
            source: "erp".into(),
            entity: Entity::Invoices,
            period: "2026-01".parse().unwrap(),
            quarantine: false,
            size_bytes: rows * 100,
            digest: String::new(),
            totals: ControlTotals {
                rows,
                ..ControlTotals::default()
            },
            extracted_at: at,
            first_extracted_at: at,
            key_id: None,
        }
    }

    fn names_of(groups: &[Vec<LandedFile>]) -> Vec<Vec<&str>> {
        let names = groups.iter().map(|group| {
            let of_group = group.iter().map(|file| file.pull_id.as_str());
            of_group.collect()
        });
        names.collect()
    }

    // Goal: what is small and of one partition is merged, in the order of its versions; a large file and
    // another partition are not, and the quarantine is one of its own. Method: some of each.
    #[test]
    fn small_files_of_a_partition_are_merged() {
        let mut other = file("other", 5, 3);
        other.period = "2026-02".parse().unwrap();
        let mut rejects = file("rejects", 5, 4);
        rejects.quarantine = true;
        let mut later = file("later", 5, 5);
        later.quarantine = true;
        let large = file("large", LARGE_ROWS, 0);
        let files = [
            file("b", 5, 2),
            large,
            later,
            rejects,
            file("a", 9, 1),
            other,
        ];
        let scope = CompactScope::default();
        let merged = [["a", "b"], ["rejects", "later"]];
        assert_eq!(names_of(&plan(&files, &scope, None)), merged);
        let before = Some(Timestamp::from_second(2 * 86_400).unwrap());
        let older = CompactScope {
            before,
            ..scope.clone()
        };
        assert!(plan(&files, &older, None).is_empty());
        let rekey = CompactScope {
            rekey: true,
            ..scope
        };
        let under_key = plan(&files, &rekey, Some("k"));
        assert_eq!(under_key.len(), 4, "{:?}", names_of(&under_key));
        assert_eq!(names_of(&plan(&files, &rekey, None)), merged);
    }

    // Goal: a large old file is not written again for every few nights. Method: a big one and small
    // ones after it, few and many.
    #[test]
    fn tiers_leave_what_is_much_larger() {
        let scope = CompactScope {
            in_tiers: true,
            at_least: 3,
            ..CompactScope::default()
        };
        let mut files = vec![file("big", 1_000, 0)];
        files.extend((1..=4).map(|night| file(&format!("n{night}"), 10, night)));
        let tier = plan(&files, &scope, None);
        assert_eq!(names_of(&tier), [["n1", "n2", "n3", "n4"]]);
        files.extend((5..=60).map(|night| file(&format!("n{night}"), 10, night)));
        assert_eq!(plan(&files, &scope, None)[0].len(), 61);
        assert!(plan(&files[..2], &scope, None).is_empty());
    }
}
