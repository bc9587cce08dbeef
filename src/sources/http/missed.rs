//! What a stream can miss by the way in which it is read; `crossfoot check` prints it.

use super::plan::{ListPlan, StreamPlan};
use crate::sources::connector::Pass;

/// One sentence per thing that a stream can miss, or sees only late.
pub(super) fn can_miss(stream: &StreamPlan) -> Vec<String> {
    let mut gaps = Vec::new();
    let name = &stream.name;
    let Some(incremental) = &stream.incremental else {
        if !stream.full_sweep {
            gaps.push(format!(
                "deletions in {name}: its lists do not hold every living record"
            ));
        }
        return gaps;
    };
    let has = |pass: Pass| stream.lists_of(pass).next().is_some();
    let finds_all = stream.full_sweep || has(Pass::Sweep);
    let at_once = has(Pass::Deleted) || stream.changes.is_some();
    match (incremental.spec.sweep_every.filter(|_| finds_all), at_once) {
        (Some(every), true) => gaps.push(format!(
            "deletions in {name} that the vendor does not tell of: they are seen by the sweep, \
             every {every}"
        )),
        (Some(every), false) => gaps.push(format!(
            "deletions in {name} for up to {every}: they are seen by the sweep alone"
        )),
        (None, true) => gaps.push(format!(
            "deletions in {name} that the vendor does not tell of, until a run with --full"
        )),
        (None, false) => gaps.push(format!(
            "deletions in {name}: only what changed is asked for, until a run with --full"
        )),
    }
    gaps
}

/// What proves that a list came whole.
pub(super) fn proof_of(list: &ListPlan) -> &'static str {
    if list.is_counted() {
        "complete by the vendor's count"
    } else {
        "complete by the end of its pages"
    }
}
