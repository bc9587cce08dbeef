//! How long it takes to put right.

use rust_decimal::Decimal;

use super::items::{age_days, item_actions, item_cell, open, owner_table, roll_forward, things};
use super::trend::Trend;
use super::{Body, Chart, rest};
use crate::report::ReportError;
use crate::report::charts::{AxisUnit, Bar, CHART_WIDTH, draw_bars, draw_lines};
use crate::report::document::{
    Cell, Column, Figure, Frame, Headline, HeadlineFigure, Measure, Polarity, Sample, Table, count,
    days, percent, share,
};
use crate::report::kpi::{Kpi, ResolutionFigures};

/// Below this many items the largest is printed instead of the 90th percentile.
const PERCENTILE_ITEMS_MIN: u64 = 10;

/// The body of the report.
pub(super) fn body(frame: &Frame<'_>) -> Result<Body, ReportError> {
    let figures = &frame.kpi.resolution;
    let trend = Trend::new(frame);
    let headlines = headlines(frame);
    let subject_figure = match figures.median_days {
        Some(median) => format!("median {}", days(median)),
        None => format!("{} open, none resolved", count(figures.open.n)),
    };
    Ok(Body {
        title: "Resolution time",
        answer: answer(frame),
        subject_figure,
        subject_change: headlines.first().and_then(|one| one.change.short.clone()),
        remarks: remarks(figures),
        charts: [days_chart(&trend), Some(backlog_chart(frame))]
            .into_iter()
            .flatten()
            .collect(),
        top: top(frame),
        changes: vec![roll_forward(frame)],
        change_table: None,
        actions: item_actions(frame),
        action_table: owner_table(frame)?,
        definitions: vec![
            (
                "Median and 90th percentile",
                "of the days from an item's first detection to its last resolution, over the items that a \
                 sync verified and whose resolution falls in the period. With fewer than 10 items the \
                 longest is printed.",
            ),
            (
                "Typical time including open items",
                "the Kaplan-Meier median: the smallest t at which half of the items are resolved, where open \
                 items count with their age. The median of resolved items alone looks better than it is.",
            ),
            (
                "Reopen rate",
                "items reopened in the period / items that were called resolved in the period, each item once.",
            ),
        ],
        headlines,
    })
}

fn answer(frame: &Frame<'_>) -> String {
    let figures = &frame.kpi.resolution;
    let period = frame.period_long();
    let open = match figures.open.max_age_days {
        Some(oldest) => format!(
            "{} remain open, the oldest for {}",
            things(figures.open.n, "item"),
            days(oldest)
        ),
        None => "nothing is open".to_owned(),
    };
    match figures.median_days {
        Some(median) => format!(
            "In {period}, {} were resolved and verified, half of them within {}; {open}.",
            things(figures.n, "discrepancy item"),
            days(median)
        ),
        None => format!("In {period}, no item was resolved and verified; {open}."),
    }
}

fn headlines(frame: &Frame<'_>) -> Vec<Headline> {
    let now = &frame.kpi.resolution;
    let nothing = ResolutionFigures::default();
    let before = frame.prior.map_or(&nothing, |past| &past.resolution);
    let cohort = Sample::Of(now.n, before.n);
    let timed = |name, metric, now, before, note| {
        frame.headline(HeadlineFigure {
            name,
            metric,
            now,
            before,
            measure: Measure::Days,
            polarity: Polarity::Lower,
            sample: cohort,
            print: &days,
            print_before: &days,
            note,
        })
    };
    let items = things(now.n, "verified item");
    let slow = if now.n < PERCENTILE_ITEMS_MIN {
        timed("Longest", "max_days", now.max_days, before.max_days, None)
    } else {
        timed(
            "90th percentile",
            "p90_days",
            now.p90_days,
            before.p90_days.filter(|_| before.n >= PERCENTILE_ITEMS_MIN),
            now.max_days
                .map(|longest| format!("longest {}", days(longest))),
        )
    };
    let whole = |figure: Decimal| count(u64::try_from(figure).unwrap_or_default());
    vec![
        timed(
            "Median",
            "median_days",
            now.median_days,
            before.median_days,
            Some(items),
        ),
        slow,
        Headline {
            // Open items count with their age.
            is_aging: true,
            ..timed(
                "Typical, incl. open items",
                "km_median_days",
                now.km_median_days,
                before.km_median_days,
                None,
            )
        },
        Headline {
            is_note_aging: true,
            ..frame.headline(HeadlineFigure {
                name: "Open items",
                metric: "open",
                now: Some(now.open.n.into()),
                before: frame.prior.map(|past| past.resolution.open.n.into()),
                measure: Measure::Count,
                polarity: Polarity::Lower,
                sample: Sample::Whole,
                print: &whole,
                print_before: &whole,
                note: open_note(now),
            })
        },
        frame.headline(HeadlineFigure {
            name: "Reopen rate",
            metric: "reopen_rate",
            now: now.reopen_rate,
            before: before.reopen_rate,
            measure: Measure::Rate,
            polarity: Polarity::Lower,
            sample: cohort,
            print: &percent,
            print_before: &percent,
            note: None,
        }),
    ]
}

fn open_note(now: &ResolutionFigures) -> Option<String> {
    let (median, oldest) = (now.open.median_age_days?, now.open.max_age_days?);
    Some(format!(
        "median age {}, oldest {}",
        days(median),
        days(oldest)
    ))
}

fn remarks(figures: &ResolutionFigures) -> Vec<String> {
    let mut remarks = vec![format!(
        "Not in these figures: {} self-cleared, {} dismissed.",
        count(figures.self_cleared),
        count(figures.dismissed)
    )];
    if let (Some(first), Some(hold), Some(net)) = (
        figures.first_median_days,
        figures.hold_median_days,
        figures.net_median_days,
    ) {
        remarks.push(format!(
            "Medians beside it: {} to the first resolution, {} waiting, {} without waiting.",
            days(first),
            days(hold),
            days(net)
        ));
    }
    if let Some(hours) = figures.business_median_hours {
        remarks.push(format!(
            "Median in working time: {} hours.",
            hours.round_dp(1).normalize()
        ));
    }
    remarks
}

fn days_chart(trend: &Trend<'_>) -> Option<Chart> {
    let median = |kpi: &Kpi| kpi.resolution.median_days;
    let slow = |kpi: &Kpi| {
        kpi.resolution
            .p90_days
            .filter(|_| kpi.resolution.n >= PERCENTILE_ITEMS_MIN)
    };
    if !trend.is_drawn(median) {
        return None;
    }
    let series = [
        trend.series("Median days", median, days),
        trend.series("90th percentile", slow, days),
    ];
    let drawing = draw_lines(&trend.labels(), AxisUnit::Plain, &series);
    let alt = format!(
        "The median resolution time {}",
        trend.message(median, days)?
    );
    let cell = |figure: Option<Decimal>| Cell::from(figure.map_or_else(|| "n/a".to_owned(), days));
    let table = trend.table(
        vec![
            Column::figures("Verified"),
            Column::figures("Median"),
            Column::figures("90th percentile"),
            Column::figures("Open at end"),
        ],
        |kpi| {
            vec![
                count(kpi.resolution.n).into(),
                cell(kpi.resolution.median_days),
                cell(slow(kpi)),
                count(kpi.roll_forward.open_end).into(),
            ]
        },
    );
    Some(Chart {
        figure: Figure {
            title: "Days to resolve, by period".to_owned(),
            content_id: Some("days-trend".to_owned()),
            alt,
            width: CHART_WIDTH,
            height: drawing.height,
            table: Some(table),
        },
        drawing: Some(drawing),
    })
}

fn backlog_chart(frame: &Frame<'_>) -> Chart {
    let backlog = &frame.kpi.resolution.backlog;
    let buckets = [
        ("0-7 days", backlog.week),
        ("8-30 days", backlog.month),
        ("31-60 days", backlog.two_months),
        ("61-90 days", backlog.quarter),
        ("91+ days", backlog.older),
    ];
    let total: u64 = buckets.iter().map(|(_, number)| number).sum();
    let shared =
        |number: u64| share(number.into(), total.into()).unwrap_or_else(|| "n/a".to_owned());
    let bars: Vec<Bar> = buckets
        .iter()
        .map(|(name, number)| Bar {
            name: (*name).to_owned(),
            figure: (*number).into(),
            text: format!("{} ({})", count(*number), shared(*number)),
        })
        .collect();
    let drawing = (total > 0).then(|| draw_bars(&bars));
    let rows = buckets
        .iter()
        .map(|(name, number)| {
            vec![
                Cell::from(*name),
                count(*number).into(),
                shared(*number).into(),
            ]
        })
        .collect();
    let table = Table::new(
        "",
        vec![
            Column::words("Age"),
            Column::ages("Open items"),
            Column::ages("Share"),
        ],
        rows,
        rest(frame, "crossfoot kpi"),
        "",
    );
    Chart {
        figure: Figure {
            title: "Backlog by age".to_owned(),
            content_id: drawing.as_ref().map(|_| "backlog".to_owned()),
            alt: format!(
                "{} of {} are older than 90 days; table below.",
                count(backlog.older),
                things(total, "open item")
            ),
            width: CHART_WIDTH,
            height: drawing.as_ref().map_or(0, |drawing| drawing.height),
            table: Some(table),
        },
        drawing,
    }
}

fn top(frame: &Frame<'_>) -> Table {
    let mut items = open(frame);
    items.sort_by(|one, other| {
        one.opened_at
            .cmp(&other.opened_at)
            .then_with(|| one.id.cmp(&other.id))
    });
    let rows = items
        .into_iter()
        .map(|item| {
            vec![
                item_cell(item),
                item.period.to_string().into(),
                item.severity.name().into(),
                frame.money(item.impact, item.currency).into(),
                age_days(frame, item).to_string().into(),
            ]
        })
        .collect();
    Table::new(
        "Ten oldest open items",
        vec![
            Column::words("Customer"),
            Column::figures("Period"),
            Column::figures("Severity"),
            Column::figures("Impact"),
            Column::ages("Days"),
        ],
        rows,
        rest(frame, "crossfoot discrepancies list"),
        "No items are open.",
    )
}
