//! The subject line: figures first, at most 70 characters, and no customer's name, since subjects
//! show on locked screens.

use super::clean::{LABEL_MAX, clean};
use super::frame::Frame;
use crate::report::kpi::BannerState;

/// The most characters of a subject.
const SUBJECT_MAX: usize = 70;

/// The subject: `[crossfoot] Discrepancy rate Mar 2026: 1.87 % (-0.44 pp) - North`, with the words
/// that a reader must see first. What there is no room for goes in this order: the scope, the
/// change, the mark of the sender.
pub(in crate::report) fn subject_of(
    frame: &Frame<'_>,
    title: &str,
    figure: &str,
    change: Option<&str>,
    is_action: bool,
) -> String {
    let mut words = Vec::new();
    if matches!(
        frame.kpi.banner.state,
        BannerState::Failed | BannerState::Partial | BannerState::Stale
    ) {
        words.push("INCOMPLETE DATA");
    }
    if frame.input.version > 1 {
        words.push("CORRECTED");
    }
    if is_action {
        words.push("ACTION");
    }
    let prefix = if words.is_empty() {
        String::new()
    } else {
        format!("{}: ", words.join(", "))
    };
    let core = format!("{prefix}{title} {}: {figure}", frame.period_short());
    let changed = change.map_or_else(|| core.clone(), |change| format!("{core} ({change})"));
    let scope = clean(&frame.input.scope, LABEL_MAX);
    let candidates = [
        format!("[crossfoot] {changed} - {scope}"),
        format!("[crossfoot] {changed}"),
        format!("{changed} - {scope}"),
        format!("[crossfoot] {core}"),
        core,
    ];
    let shortest = candidates.last().cloned().unwrap_or_default();
    candidates
        .into_iter()
        .find(|one| one.chars().count() <= SUBJECT_MAX)
        .unwrap_or_else(|| clean(&shortest, SUBJECT_MAX))
}
