//! The foot of a report: what a reviewer needs to trust it. IPE is what auditors call information
//! produced by the entity.

use serde::Serialize;

use super::banner::state_word;
use super::clean::{LABEL_MAX, clean};
use super::frame::Frame;
use super::numerals::count;
use super::table::{Cell, Column, Rest, Table};

/// The foot of a report.
#[derive(Debug, Clone, Serialize)]
pub(in crate::report) struct Footer {
    /// Name and value, one a line.
    pub(in crate::report) facts: Vec<(String, String)>,
    /// The sources, their states, and when each last succeeded.
    pub(in crate::report) sources: Table,
    /// What became of the rows.
    pub(in crate::report) rows: Table,
}

/// The foot of the report.
pub(in crate::report) fn footer_of(frame: &Frame<'_>, unknown_thresholds: &[String]) -> Footer {
    Footer {
        facts: facts(frame, unknown_thresholds),
        sources: sources(frame),
        rows: rows(frame),
    }
}

fn facts(frame: &Frame<'_>, unknown_thresholds: &[String]) -> Vec<(String, String)> {
    let (kpi, input) = (frame.kpi, frame.input);
    let zone = input.timezone.iana_name().unwrap_or("UTC").to_owned();
    let branch = kpi.branch.as_deref().map_or_else(
        || "all branches".to_owned(),
        |branch| format!("branch {}", clean(branch, LABEL_MAX)),
    );
    let money = if frame.is_multi_currency {
        format!("combined figures in {}, at period-end rates", kpi.currency)
    } else {
        format!("amounts in {}", kpi.currency)
    };
    let mut facts = vec![
        fact("Run", clean(&input.run_id, LABEL_MAX)),
        fact("As of", format!("{} ({zone})", frame.instant(input.as_of))),
        fact(
            "Filters",
            format!(
                "period {}, {branch}, {money}",
                clean(&kpi.period, LABEL_MAX)
            ),
        ),
        fact(
            "Rules version",
            kpi.rules_version
                .as_deref()
                .map_or_else(|| "n/a".to_owned(), |version| clean(version, 16)),
        ),
        fact("Report version", input.version.to_string()),
    ];
    if let Some(close) = &kpi.close {
        let reviewer = close.reviewed_by.as_deref().unwrap_or("nobody");
        facts.push(fact(
            "Period",
            format!(
                "{} on {}, version {}, prepared by {}, reviewed by {}: the figures are as they were \
                 reported then",
                close.state,
                frame.instant(close.closed_at),
                close.version,
                clean(&close.prepared_by, LABEL_MAX),
                clean(reviewer, LABEL_MAX)
            ),
        ));
    }
    if !kpi.discrepancy.excluded_currencies.is_empty() {
        let codes: Vec<String> = kpi
            .discrepancy
            .excluded_currencies
            .iter()
            .map(ToString::to_string)
            .collect();
        facts.push(fact("Left out for want of a rate", codes.join(", ")));
    }
    for line in unknown_thresholds {
        facts.push(fact("Note", line.clone()));
    }
    facts
}

fn fact(name: &str, value: String) -> (String, String) {
    (name.to_owned(), value)
}

fn sources(frame: &Frame<'_>) -> Table {
    let rows = frame
        .kpi
        .freshness
        .iter()
        .map(|one| {
            vec![
                Cell::from(clean(&one.source, LABEL_MAX)),
                state_word(one.state).into(),
                one.last_success
                    .map_or_else(|| "never".to_owned(), |instant| frame.instant(instant))
                    .into(),
            ]
        })
        .collect();
    Table::new(
        "Sources",
        vec![
            Column::words("Source"),
            Column::words("State"),
            Column::figures("Last success"),
        ],
        rows,
        rest(frame),
        "No source is configured.",
    )
}

fn rows(frame: &Frame<'_>) -> Table {
    let named = |source: &str, entity: &str| {
        Cell::from(format!(
            "{} {}",
            clean(source, LABEL_MAX),
            clean(entity, LABEL_MAX)
        ))
    };
    if frame.kpi.completeness.is_empty() {
        let rows = frame
            .input
            .extracts
            .iter()
            .map(|(source, entity, rows)| vec![named(source, entity), count(*rows).into()])
            .collect();
        return Table::new(
            "Rows in the landing",
            vec![Column::words("Source and entity"), Column::figures("Rows")],
            rows,
            rest(frame),
            "No rows have landed.",
        );
    }
    let rows = frame
        .kpi
        .completeness
        .iter()
        .map(|one| {
            vec![
                named(&one.source, &one.entity),
                count(one.extracted).into(),
                count(one.matched).into(),
                count(one.unmatched).into(),
                count(one.out_of_scope).into(),
                count(one.rejected).into(),
                if one.holds { "yes" } else { "NO" }.into(),
            ]
        })
        .collect();
    Table::new(
        "Rows: extracted = matched + unmatched + out of scope + rejected",
        vec![
            Column::words("Source and entity"),
            Column::figures("Extracted"),
            Column::figures("Matched"),
            Column::figures("Unmatched"),
            Column::figures("Out of scope"),
            Column::figures("Rejected"),
            Column::figures("Ties"),
        ],
        rows,
        rest(frame),
        "",
    )
}

fn rest(frame: &Frame<'_>) -> Rest {
    if frame.has_attachment() {
        Rest::Attachment
    } else {
        Rest::Command("crossfoot status")
    }
}
