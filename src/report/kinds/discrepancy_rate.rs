//! How much of what was billed is wrong.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::closing::restatement;
use super::items::{
    age_days, by_impact, counted, item_actions, item_cell, owner_table, roll_forward, things,
};
use super::trend::Trend;
use super::{Body, Chart, rest};
use crate::reconcile::Kind;
use crate::report::ReportError;
use crate::report::charts::{AxisUnit, CHART_WIDTH, draw_lines, draw_stacked};
use crate::report::document::{
    Cell, Column, Figure, Frame, Headline, HeadlineFigure, LABEL_MAX, Measure, Polarity, Sample,
    Table, amount, change_of, clean, count, kind_words, percent, rate_or_counts,
};
use crate::report::kpi::{DiscrepancyFigures, KindFigures, Kpi};

const COMMAND: &str = "crossfoot discrepancies list --all";
/// Kinds with a colour of their own in the chart; the rest is one more.
const KINDS_SHOWN: usize = 5;
/// Below this many units a rate is printed as `X of N`.
const RATE_UNITS_MIN: u64 = 30;

/// The body of the report.
pub(super) fn body(frame: &Frame<'_>) -> Result<Body, ReportError> {
    let figures = &frame.kpi.discrepancy;
    let trend = Trend::new(frame);
    let headlines = headlines(frame);
    let rate = headlines.first();
    let subject_figure = match (rate, figures.count_rate) {
        (Some(rate), Some(_)) => rate.value.clone(),
        _ if frame.withheld.is_some() => "withheld".to_owned(),
        _ => "n/a".to_owned(),
    };
    Ok(Body {
        title: "Discrepancy rate",
        answer: answer(frame),
        subject_figure,
        subject_change: rate.and_then(|rate| rate.change.short.clone()),
        remarks: remarks(frame),
        charts: [rate_chart(&trend), kind_chart(frame, &trend)]
            .into_iter()
            .flatten()
            .collect(),
        top: top(frame),
        changes: vec![roll_forward(frame)],
        change_table: kind_table(frame),
        actions: item_actions(frame),
        action_table: owner_table(frame)?,
        definitions: vec![
            (
                "Discrepancy rate by count",
                "units with at least one counted discrepancy / units compared. A unit is one customer, \
                 product and service period; timing and unknown units are in neither number.",
            ),
            (
                "Discrepancy rate by value",
                "sum of |billed - expected| over the discrepant units / sum of max(|expected|, |billed|) \
                 over the compared units.",
            ),
            (
                "Leakage, overbilling, net",
                "sum of max(0, expected - billed); sum of max(0, billed - expected); sum of billed - \
                 expected. Gross is leakage + overbilling.",
            ),
        ],
        headlines,
    })
}

fn answer(frame: &Frame<'_>) -> String {
    let figures = &frame.kpi.discrepancy;
    let period = frame.period_long();
    let units = things(figures.units, "compared unit");
    let Some(rate) = figures.count_rate else {
        return match &frame.withheld {
            Some(reason) => format!("The discrepancy rate of {period} is {reason}."),
            None => format!("No units were compared in {period}, so there is no rate."),
        };
    };
    if figures.discrepant == 0 {
        return format!("In {period}, 0 discrepancies were found in {units}.");
    }
    let in_words = if figures.units < RATE_UNITS_MIN {
        String::new()
    } else {
        format!(" ({})", percent(rate))
    };
    let money = match (figures.leakage, figures.overbilling) {
        (Some(leakage), Some(overbilling)) => format!(
            "; {} was billed too little and {} too much",
            with_code(frame, leakage),
            with_code(frame, overbilling)
        ),
        _ => String::new(),
    };
    format!(
        "In {period}, {} of {units}{in_words} were billed differently from what was sold or used{money}.",
        count(figures.discrepant)
    )
}

fn with_code(frame: &Frame<'_>, figure: Decimal) -> String {
    crate::report::document::coded_amount(figure, frame.kpi.currency)
}

fn headlines(frame: &Frame<'_>) -> Vec<Headline> {
    let now = &frame.kpi.discrepancy;
    let nothing = DiscrepancyFigures::default();
    let before = frame.prior.map_or(&nothing, |past| &past.discrepancy);
    let units = Sample::Of(now.units, before.units);
    let money = |figure: Decimal| frame.own_money(figure);
    let amounts = |name, metric, now, before, note| {
        frame.headline(HeadlineFigure {
            name,
            metric,
            now,
            before,
            measure: Measure::Amount(frame.kpi.currency),
            polarity: Polarity::Lower,
            sample: Sample::Whole,
            print: &money,
            print_before: &money,
            note,
        })
    };
    let rates = |name,
                 metric,
                 now_rate,
                 before_rate,
                 print: &dyn Fn(Decimal) -> String,
                 print_before: &dyn Fn(Decimal) -> String,
                 note| {
        frame.headline(HeadlineFigure {
            name,
            metric,
            now: now_rate,
            before: before_rate,
            measure: Measure::Rate,
            polarity: Polarity::Lower,
            sample: units,
            print,
            print_before,
            note,
        })
    };
    let mut headlines = vec![rates(
        "Discrepancy rate, by count",
        "count_rate",
        now.count_rate,
        before.count_rate,
        &|rate| rate_or_counts(rate, now.discrepant, now.units),
        &|rate| rate_or_counts(rate, before.discrepant, before.units),
        now.count_rate
            .map(|_| format!("{} of {} units", count(now.discrepant), count(now.units))),
    )];
    if now.units >= RATE_UNITS_MIN || now.count_rate.is_none() {
        headlines.push(rates(
            "Discrepancy rate, by value",
            "value_rate",
            now.value_rate,
            before.value_rate.filter(|_| before.units >= RATE_UNITS_MIN),
            &percent,
            &percent,
            None,
        ));
    }
    headlines.push(amounts(
        "Gross difference",
        "gross",
        now.gross,
        before.gross,
        now.net.map(|net| format!("net {}", frame.own_money(net))),
    ));
    headlines.push(amounts(
        "Leakage (billed too little)",
        "leakage",
        now.leakage,
        before.leakage,
        leakage_note(frame, now),
    ));
    headlines.push(amounts(
        "Overbilling (billed too much)",
        "overbilling",
        now.overbilling,
        before.overbilling,
        None,
    ));
    headlines
}

fn leakage_note(frame: &Frame<'_>, now: &DiscrepancyFigures) -> Option<String> {
    now.leakage.filter(|leakage| !leakage.is_zero())?;
    let (recovered, outstanding, lost) = (now.recovered?, now.outstanding?, now.lost?);
    Some(format!(
        "recovered {}, outstanding {}, lost {}",
        frame.own_money(recovered),
        frame.own_money(outstanding),
        frame.own_money(lost)
    ))
}

fn remarks(frame: &Frame<'_>) -> Vec<String> {
    let figures = &frame.kpi.discrepancy;
    let valued = |value: Option<Decimal>| {
        value
            .map(|value| format!(" ({})", frame.own_money(value)))
            .unwrap_or_default()
    };
    let mut remarks = vec![format!(
        "Not in these figures: {} timing{}, {} unknown{}, {} within tolerance{}.",
        count(figures.timing),
        valued(figures.timing_value),
        count(figures.unknown),
        valued(figures.unknown_value),
        count(figures.within_tolerance),
        figures
            .within_tolerance_net
            .map(|net| format!(" (net {})", frame.own_money(net)))
            .unwrap_or_default()
    )];
    remarks.extend(restatement(frame));
    if let Some(rate) = figures.recurring_rate {
        remarks.push(format!(
            "Recurring: {} of the items were counted in an earlier period too.",
            percent(rate)
        ));
    }
    if let Some(rate) = figures.repeat_after_fix {
        remarks.push(format!(
            "Back after a proven fix: {} of the errors whose fix was proven lately.",
            percent(rate)
        ));
    }
    if let Some(tax) = figures.tax_impact.filter(|tax| !tax.is_zero()) {
        remarks.push(format!(
            "Tax that is wrong, a liability and no revenue: {}.",
            frame.own_money(tax)
        ));
    }
    if frame.is_multi_currency {
        let by_currency: Vec<String> = figures
            .by_currency
            .iter()
            .map(|(currency, one)| {
                let rate = one.value_rate.map_or_else(|| "n/a".to_owned(), percent);
                format!(
                    "{currency} {rate} by value, gross {}",
                    amount(one.gross, *currency)
                )
            })
            .collect();
        if !by_currency.is_empty() {
            remarks.push(format!(
                "By currency, unconverted: {}.",
                by_currency.join("; ")
            ));
        }
    }
    remarks
}

fn rate_chart(trend: &Trend<'_>) -> Option<Chart> {
    // A rate of a few units is no point of a trend; the table says `X of N`.
    let has_rate = |kpi: &Kpi| kpi.discrepancy.units >= RATE_UNITS_MIN;
    let by_count = |kpi: &Kpi| kpi.discrepancy.count_rate.filter(|_| has_rate(kpi));
    let by_value = |kpi: &Kpi| kpi.discrepancy.value_rate.filter(|_| has_rate(kpi));
    if !trend.is_drawn(by_count) {
        return None;
    }
    let series = [
        trend.series("By count", by_count, percent),
        trend.series("By value", by_value, percent),
    ];
    let drawing = draw_lines(&trend.labels(), AxisUnit::Percent, &series);
    let alt = format!(
        "The discrepancy rate by count {}",
        trend.message(by_count, percent)?
    );
    let rate =
        |figure: Option<Decimal>| Cell::from(figure.map_or_else(|| "n/a".to_owned(), percent));
    let table = trend.table(
        vec![
            Column::figures("Units"),
            Column::figures("Discrepant"),
            Column::figures("By count"),
            Column::figures("By value"),
        ],
        |kpi| {
            let figures = &kpi.discrepancy;
            // Nothing counted is not zero counted.
            let counted = |number: u64| match figures.count_rate {
                Some(_) => Cell::from(count(number)),
                None => Cell::from("n/a"),
            };
            vec![
                counted(figures.units),
                counted(figures.discrepant),
                figures
                    .count_rate
                    .map_or_else(
                        || "n/a".to_owned(),
                        |rate| rate_or_counts(rate, figures.discrepant, figures.units),
                    )
                    .into(),
                rate(by_value(kpi)),
            ]
        },
    );
    Some(Chart {
        figure: Figure {
            title: "Discrepancy rate by period".to_owned(),
            content_id: Some("rate-trend".to_owned()),
            alt,
            width: CHART_WIDTH,
            height: drawing.height,
            table: Some(table),
        },
        drawing: Some(drawing),
    })
}

fn gross_of(kpi: &Kpi, kind: &str) -> Option<Decimal> {
    kpi.discrepancy.gross?;
    Some(
        kpi.discrepancy
            .by_kind
            .get(kind)
            .map_or(Decimal::ZERO, |one| one.gross),
    )
}

// The kinds with the most money in the report's own period, the largest first.
fn ranked_kinds(by_kind: &BTreeMap<String, KindFigures>) -> Vec<&str> {
    let mut kinds: Vec<(&str, Decimal)> = by_kind
        .iter()
        .map(|(kind, one)| (kind.as_str(), one.gross))
        .collect();
    kinds.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(other.0)));
    kinds.into_iter().map(|(kind, _)| kind).collect()
}

fn kind_chart(frame: &Frame<'_>, trend: &Trend<'_>) -> Option<Chart> {
    let figures = &frame.kpi.discrepancy;
    let has_gross = |kpi: &Kpi| kpi.discrepancy.gross;
    let gross = figures.gross.filter(|gross| !gross.is_zero())?;
    if !trend.is_drawn(has_gross) {
        return None;
    }
    let ranked = ranked_kinds(&figures.by_kind);
    let shown: Vec<&str> = ranked.iter().copied().take(KINDS_SHOWN).collect();
    let mut series: Vec<_> = shown
        .iter()
        .map(|kind| trend.series(words_of(kind), |kpi| gross_of(kpi, kind), |_| String::new()))
        .collect();
    let rest_of = |kpi: &Kpi| -> Option<Decimal> {
        kpi.discrepancy.gross?;
        kpi.discrepancy
            .by_kind
            .iter()
            .filter(|(kind, _)| !shown.contains(&kind.as_str()))
            .try_fold(Decimal::ZERO, |sum, (_, one)| sum.checked_add(one.gross))
    };
    let others = trend.series("Other kinds", rest_of, |_| String::new());
    if others.values.iter().flatten().any(|value| !value.is_zero()) {
        series.push(others);
    }
    let drawing = draw_stacked(
        &trend.labels(),
        &series,
        Some(&amount(gross, frame.kpi.currency)),
    );
    let largest = shown.first().copied().unwrap_or_default();
    let largest_gross = gross_of(frame.kpi, largest).unwrap_or_default();
    let alt = format!(
        "The gross difference of {} is {}; the largest kind is {} with {}.",
        frame.period_short(),
        amount(gross, frame.kpi.currency),
        words_of(largest),
        amount(largest_gross, frame.kpi.currency)
    );
    Some(Chart {
        figure: Figure {
            title: format!("Gross difference by kind, {}", frame.kpi.currency),
            content_id: Some("kinds-by-period".to_owned()),
            alt,
            width: CHART_WIDTH,
            height: drawing.height,
            table: None,
        },
        drawing: Some(drawing),
    })
}

fn words_of(kind: &str) -> String {
    kind.parse::<Kind>().map_or_else(
        |_| clean(kind, LABEL_MAX),
        |known| kind_words(known).to_owned(),
    )
}

fn kind_table(frame: &Frame<'_>) -> Option<Table> {
    let now = &frame.kpi.discrepancy;
    now.gross?;
    let nothing = BTreeMap::new();
    let before = frame
        .prior
        .map_or(&nothing, |past| &past.discrepancy.by_kind);
    let mut names: BTreeSet<&str> = before.keys().map(String::as_str).collect();
    let mut kinds = ranked_kinds(&now.by_kind);
    for kind in &kinds {
        names.remove(kind);
    }
    kinds.extend(names);
    if kinds.is_empty() {
        return None;
    }
    let none = KindFigures::default();
    let rows = kinds
        .into_iter()
        .map(|kind| {
            let one = now.by_kind.get(kind).unwrap_or(&none);
            let past = frame
                .prior
                .map(|_| before.get(kind).map_or(Decimal::ZERO, |past| past.gross));
            let change = change_of(
                Some(one.gross),
                past,
                Measure::Amount(frame.kpi.currency),
                Polarity::Lower,
                Sample::Whole,
                frame.comparison,
            );
            vec![
                Cell::from(words_of(kind)),
                count(one.count).into(),
                amount(one.gross, frame.kpi.currency).into(),
                amount(one.net, frame.kpi.currency).into(),
                change.short.unwrap_or(change.text).into(),
            ]
        })
        .collect();
    Some(Table::new(
        match frame.prior {
            Some(_) => format!("By kind, against {}", frame.prior_short()),
            None => "By kind".to_owned(),
        },
        vec![
            Column::words("Kind"),
            Column::figures("Items"),
            Column::figures("Gross"),
            Column::figures("Net"),
            Column::figures("Change"),
        ],
        rows,
        rest(frame, "crossfoot kpi"),
        "",
    ))
}

fn top(frame: &Frame<'_>) -> Table {
    let mut items = counted(frame);
    by_impact(frame, &mut items);
    let rows = items
        .into_iter()
        .map(|item| {
            vec![
                item_cell(item),
                frame.money(item.unit_expected, item.currency).into(),
                frame.money(item.unit_actual, item.currency).into(),
                frame.money(item.impact, item.currency).into(),
                age_days(frame, item).to_string().into(),
            ]
        })
        .collect();
    Table::new(
        "Top ten by money",
        vec![
            Column::words("Customer"),
            Column::figures("Expected"),
            Column::figures("Billed"),
            Column::figures("Impact"),
            Column::ages("Days"),
        ],
        rows,
        rest(frame, COMMAND),
        "No discrepancies in this period.",
    )
}
