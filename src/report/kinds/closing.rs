//! What a report of a closed period says of what was found since.

use crate::report::document::{Frame, count};
use crate::report::kpi::DiscrepancyFigures;

/// As reported, restated, and what lies between; nothing where nothing was found since the close.
pub(super) fn restatement(frame: &Frame<'_>) -> Vec<String> {
    let kpi = frame.kpi;
    let (Some(restated), Some(adjustments)) = (&kpi.restated, &kpi.prior_period_adjustments) else {
        return Vec::new();
    };
    if **restated == kpi.discrepancy {
        return Vec::new();
    }
    let money = |figure| match figure {
        Some(figure) => frame.own_money(figure),
        None => "withheld".to_owned(),
    };
    let told = |figures: &DiscrepancyFigures| {
        format!(
            "{} of {} units, gross {}, leakage {}, overbilling {}, net {}",
            count(figures.discrepant),
            count(figures.units),
            money(figures.gross),
            money(figures.leakage),
            money(figures.overbilling),
            money(figures.net)
        )
    };
    vec![
        format!("As reported at the close: {}.", told(&kpi.discrepancy)),
        format!("Restated: {}.", told(restated)),
        format!(
            "Prior-period adjustments: {} units, gross {}, net {}.",
            count(adjustments.count),
            money(adjustments.gross),
            money(adjustments.net)
        ),
    ]
}
