//! What a pull reads: everything, or what changed since the last one, and whether it looks for
//! every living record on the way.

use jiff::{SignedDuration, Timestamp};

use super::cursor::Cursor;
use super::plan::StreamPlan;
use super::window::Window;
use crate::config::HumanDuration;
use crate::sources::connector::Pass;

/// The course of one pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course {
    /// Everything is read.
    Full,
    /// What changed since the cursor.
    Narrow {
        cursor: Cursor,
        /// Whether the lists of the sweep are read too.
        sweeps: bool,
    },
}

impl Course {
    /// Decides. `cursor` is the committed one; `now` is our clock, by which nights are counted.
    pub(super) fn of(
        stream: &StreamPlan,
        cursor: Option<&str>,
        is_full: bool,
        now: Timestamp,
    ) -> Self {
        let Some(incremental) = &stream.incremental else {
            return Self::Full;
        };
        let Some(cursor) = cursor.filter(|_| !is_full).and_then(Cursor::read) else {
            return Self::Full;
        };
        let spec = &incremental.spec;
        let passed = |since: Timestamp, length: HumanDuration| {
            SignedDuration::try_from(length.0)
                .is_ok_and(|length| now.duration_since(since) >= length)
        };
        let is_forgotten = spec.guard.is_some_and(|guard| passed(cursor.at, guard));
        let is_small = spec
            .full_below
            .zip(cursor.full_rows)
            .is_some_and(|(below, rows)| rows < below);
        if is_forgotten || is_small {
            return Self::Full;
        }
        let swept_at = cursor.swept_at.unwrap_or(cursor.at);
        let is_due = spec
            .sweep_every
            .is_some_and(|every| passed(swept_at, every));
        let has_sweep = stream.lists_of(Pass::Sweep).next().is_some();
        match (is_due, has_sweep) {
            (true, false) => Self::Full,
            (sweeps, _) => Self::Narrow { cursor, sweeps },
        }
    }

    /// The window of what changed, up to `until`; nothing where everything is read.
    pub(super) fn window(&self, stream: &StreamPlan, until: Timestamp) -> Option<Window> {
        let (Self::Narrow { cursor, .. }, Some(incremental)) = (self, &stream.incremental) else {
            return None;
        };
        // A clock that was set back must not leave a gap.
        let last = cursor.at.min(until);
        let overlap = SignedDuration::try_from(incremental.spec.overlap.0).unwrap_or_default();
        Some(Window {
            from: last.checked_sub(overlap).unwrap_or(Timestamp::UNIX_EPOCH),
            to: Some(until),
        })
    }
}
