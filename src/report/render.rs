//! From the figures to the report.

use super::charts::to_png;
use super::document::{
    Correction, Document, Frame, LABEL_MAX, NAME_MAX, banner_block, clean, crossed_thresholds,
    footer_of, printed_figures, subject_of,
};
use super::kinds::body_of;
use super::kpi::ReportInput;
use super::rendered::{ChartImage, Rendered, Sheet};
use super::{ReportError, sheet, templates};
use crate::config::ReportKind;
use crate::fault::Failure;

/// How many changed figures a correction lists.
const CORRECTIONS_MAX: usize = 12;

/// Renders a report. The same input gives the same bytes, and nothing of the input can break out
/// of its place: names are cut, cleaned and escaped.
pub fn render(input: &ReportInput) -> Result<Rendered, Failure> {
    Ok(rendered(input)?)
}

fn rendered(input: &ReportInput) -> Result<Rendered, ReportError> {
    let frame = Frame::new(input);
    let body = body_of(&frame)?;
    let (crossed, unknown_thresholds) = crossed_thresholds(input);
    let subject = subject_of(
        &frame,
        body.title,
        &body.subject_figure,
        body.subject_change.as_deref(),
        !crossed.is_empty(),
    );
    let mut charts = Vec::new();
    let mut figures = Vec::new();
    for chart in body.charts {
        if let (Some(drawing), Some(content_id)) = (&chart.drawing, &chart.figure.content_id) {
            charts.push(ChartImage {
                content_id: content_id.clone(),
                alt: chart.figure.alt.clone(),
                png: to_png(drawing)?,
            });
        }
        figures.push(chart.figure);
    }
    let document = Document {
        title: body.title,
        company: clean(&input.company, NAME_MAX),
        scope: clean(&input.scope, NAME_MAX),
        period: frame.period_long(),
        short_period: frame.period_short(),
        prior_period: frame.prior_short(),
        currency: input.kpi.currency.to_string(),
        has_amounts: !frame.is_multi_currency && input.kind != ReportKind::ResolutionTime,
        subject: subject.clone(),
        marks: marks(input),
        banner: banner_block(&frame),
        answer: body.answer,
        is_provisional: input.kpi.provisional,
        headlines: body.headlines,
        remarks: body.remarks,
        corrections: corrections(input),
        figures,
        top: body.top,
        changes: body.changes,
        change_table: body.change_table,
        actions: crossed.into_iter().chain(body.actions).collect(),
        action_table: body.action_table,
        definitions: body.definitions,
        footer: footer_of(&frame, &unknown_thresholds),
    };
    let sheet = if input.attachments {
        Some(Sheet {
            file_name: format!(
                "{}-{}.xlsx",
                input.kind.name(),
                file_word(&input.kpi.period)
            ),
            bytes: sheet::workbook(&frame, &document)?,
        })
    } else {
        None
    };
    Ok(Rendered {
        kind: input.kind,
        subject,
        html: templates::html_of(&document)?,
        text: templates::text_of(&document)?,
        charts,
        sheet,
        figures: document
            .headlines
            .iter()
            .map(|line| (line.name.to_owned(), line.value.clone()))
            .collect(),
        printed: printed_figures(&document),
    })
}

/// A word that is safe in a file name.
pub(super) fn file_word(text: &str) -> String {
    clean(text, LABEL_MAX)
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_') {
                letter
            } else {
                '_'
            }
        })
        .collect()
}

fn marks(input: &ReportInput) -> Vec<String> {
    let mut marks = Vec::new();
    if input.kpi.provisional {
        marks.push("PROVISIONAL".to_owned());
    }
    if input.version > 1 {
        marks.push(format!("CORRECTED, version {}", input.version));
    }
    marks
}

fn corrections(input: &ReportInput) -> Vec<Correction> {
    let hidden = input.corrections.len().saturating_sub(CORRECTIONS_MAX);
    let more = (hidden > 0).then(|| Correction {
        figure: format!("{hidden} more figures"),
        was: String::new(),
        is: String::new(),
    });
    input
        .corrections
        .iter()
        .take(CORRECTIONS_MAX)
        .map(|(figure, was, is)| Correction {
            figure: clean(figure, NAME_MAX),
            was: clean(was, NAME_MAX),
            is: clean(is, NAME_MAX),
        })
        .chain(more)
        .collect()
}
