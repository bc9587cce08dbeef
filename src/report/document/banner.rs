//! The banner: what a reader must know of the sources before any figure.

use super::BannerBlock;
use super::clean::{LABEL_MAX, SENTENCE_MAX, clean};
use super::frame::Frame;
use super::numerals::instant_text;
use crate::config::ReportKind;
use crate::report::kpi::{BannerLevel, BannerState, FreshnessState};

/// How many sources a banner names.
const LINES_MAX: usize = 8;

/// The banner, unless all is well.
pub(in crate::report) fn banner_block(frame: &Frame<'_>) -> Option<BannerBlock> {
    let banner = &frame.kpi.banner;
    let (tone, word) = match banner.state {
        BannerState::Ok => return None,
        // That nothing was found is news in one report only.
        BannerState::Nothing if frame.input.kind != ReportKind::DiscrepancyRate => return None,
        BannerState::Nothing => ("blue", "NOTHING TO REPORT"),
        BannerState::Stale if banner.level == Some(BannerLevel::Amber) => ("amber", "STALE DATA"),
        BannerState::Stale => ("red", "STALE DATA"),
        BannerState::Partial => ("amber", "PARTIAL DATA"),
        BannerState::Failed => ("red", "DATA MISSING"),
    };
    Some(BannerBlock {
        tone,
        word: word.to_owned(),
        text: clean(&banner.text, SENTENCE_MAX),
        lines: source_lines(frame),
    })
}

fn source_lines(frame: &Frame<'_>) -> Vec<String> {
    let unwell = frame
        .kpi
        .freshness
        .iter()
        .filter(|one| one.state != FreshnessState::Ok);
    unwell
        .take(LINES_MAX)
        .map(|one| {
            let source = clean(&one.source, LABEL_MAX);
            let success = one.last_success.map_or_else(
                || "no success yet".to_owned(),
                |instant| {
                    format!(
                        "last success {}",
                        instant_text(instant, &frame.input.timezone)
                    )
                },
            );
            let reason = one
                .reason
                .as_deref()
                .map(|reason| format!(" ({})", clean(reason, SENTENCE_MAX)))
                .unwrap_or_default();
            format!("{source}: {}, {success}{reason}", state_word(one.state))
        })
        .collect()
}

/// A source's state as people say it.
pub(super) fn state_word(state: FreshnessState) -> &'static str {
    match state {
        FreshnessState::Ok => "ok",
        FreshnessState::Stale => "stale",
        FreshnessState::Partial => "partial",
        FreshnessState::Failed => "failed",
        FreshnessState::Never => "never synced",
    }
}
