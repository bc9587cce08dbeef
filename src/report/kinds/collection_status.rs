//! How much of what is owed comes in.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::items::things;
use super::trend::Trend;
use super::{Body, Chart, rest};
use crate::currency::Currency;
use crate::report::ReportError;
use crate::report::charts::{AxisUnit, Bar, CHART_WIDTH, draw_bars, draw_lines};
use crate::report::document::{
    Cell, Column, Figure, Frame, Headline, HeadlineFigure, LABEL_MAX, Measure, NAME_MAX, Polarity,
    Sample, Table, amount, clean, coded_amount, count, day_of, days, percent, share,
};
use crate::report::kpi::{InvoiceLine, Kpi, ReceivablesFigures};

/// The body of the report.
pub(super) fn body(frame: &Frame<'_>) -> Result<Body, ReportError> {
    let figures = &frame.kpi.receivables;
    let trend = Trend::new(frame);
    let headlines = headlines(frame);
    let subject_figure = match figures.percent_current {
        Some(rate) => format!("{} current", percent(rate)),
        None if frame.withheld.is_some() => "withheld".to_owned(),
        None => "n/a".to_owned(),
    };
    Ok(Body {
        title: "Collection status",
        answer: answer(frame),
        subject_figure,
        subject_change: headlines.get(1).and_then(|one| one.change.short.clone()),
        remarks: remarks(frame),
        charts: [aging_chart(frame), dso_chart(&trend)]
            .into_iter()
            .flatten()
            .collect(),
        top: top(frame),
        changes: changes(frame),
        change_table: None,
        actions: actions(frame),
        action_table: case_table(frame)?,
        definitions: vec![
            (
                "DSO by counting back",
                "receivables are used up by the sales of month after month, the newest first, with the real \
                 length of each month; the days counted are the DSO. Best possible DSO = current / sales x \
                 days of the period.",
            ),
            (
                "Current and over 90 days",
                "open amount by days past due / all open amount. Due today is current. Receivables are \
                 gross of unapplied cash and credit memos; DSO uses the net.",
            ),
            (
                "Collection effectiveness (CEI)",
                "(receivables at the start + sales - receivables at the end) / (receivables at the start + \
                 sales - current receivables at the end).",
            ),
        ],
        headlines,
    })
}

fn answer(frame: &Frame<'_>) -> String {
    let figures = &frame.kpi.receivables;
    let period = frame.period_long();
    let (Some(gross), Some(current)) = (figures.gross, figures.percent_current) else {
        return match (&frame.withheld, figures.gross) {
            (Some(reason), None) => format!("Receivables at the end of {period} are {reason}."),
            _ => format!("Nothing is owed at the end of {period}."),
        };
    };
    let taken = figures.taken_on.as_deref().map_or_else(
        || format!("At the end of {period}"),
        |day| format!("On {}", clean(day, 10)),
    );
    let invoices = figures
        .open_invoices
        .map(|number| format!(" on {}", things(number, "open invoice")))
        .unwrap_or_default();
    format!(
        "{taken}, {}{invoices} was owed, {} of it current{}.",
        coded_amount(gross, frame.kpi.currency),
        percent(current),
        figures
            .percent_over_90
            .map(|rate| format!(" and {} more than 90 days past due", percent(rate)))
            .unwrap_or_default()
    )
}

fn headlines(frame: &Frame<'_>) -> Vec<Headline> {
    let now = &frame.kpi.receivables;
    let nothing = ReceivablesFigures::default();
    let before = frame.prior.map_or(&nothing, |past| &past.receivables);
    let money = |figure: Decimal| frame.own_money(figure);
    let figure =
        |name, metric, now, before, measure, polarity, print: &dyn Fn(Decimal) -> String, note| {
            frame.headline(HeadlineFigure {
                name,
                metric,
                now,
                before,
                measure,
                polarity,
                sample: Sample::Whole,
                print,
                print_before: print,
                note,
            })
        };
    let old = now.aging.as_ref().map(|aging| frame.own_money(aging.older));
    let mut dso = figure(
        "DSO, counted back",
        "dso_countback",
        now.dso_countback,
        before.dso_countback,
        Measure::Days,
        Polarity::Lower,
        &days,
        now.bpdso
            .map(|best| format!("best possible {}", days(best))),
    );
    if let (None, Some(at_least)) = (now.dso_countback, now.dso_countback_at_least) {
        dso.value = format!("at least {}", days(at_least));
        dso.is_withheld = false;
    }
    vec![
        figure(
            "Receivables, net",
            "receivables",
            now.net,
            before.net,
            Measure::Amount(frame.kpi.currency),
            Polarity::Neutral,
            &money,
            net_note(frame, now),
        ),
        figure(
            "Current",
            "percent_current",
            now.percent_current,
            before.percent_current,
            Measure::Rate,
            Polarity::Higher,
            &percent,
            None,
        ),
        figure(
            "Over 90 days past due",
            "percent_over_90",
            now.percent_over_90,
            before.percent_over_90,
            Measure::Rate,
            Polarity::Lower,
            &percent,
            old,
        ),
        dso,
        figure(
            "Collection effectiveness",
            "cei",
            now.cei,
            before.cei,
            Measure::Rate,
            Polarity::Higher,
            &percent,
            None,
        ),
    ]
}

fn net_note(frame: &Frame<'_>, now: &ReceivablesFigures) -> Option<String> {
    let (gross, credits) = (now.gross?, now.credits?);
    Some(format!(
        "gross {}, credits {}",
        frame.own_money(gross),
        frame.own_money(credits)
    ))
}

fn remarks(frame: &Frame<'_>) -> Vec<String> {
    let figures = &frame.kpi.receivables;
    let mut remarks = Vec::new();
    if let (Some(dso), Some(late)) = (figures.dso, figures.add) {
        remarks.push(format!(
            "DSO by period's sales: {}; average days delinquent: {}.",
            days(dso),
            days(late)
        ));
    }
    let matching = &frame.kpi.matching;
    if let Some(total) = matching.total_rate {
        let auto = matching
            .auto_rate
            .map(|rate| format!(", {} by rules alone", percent(rate)))
            .unwrap_or_default();
        remarks.push(format!(
            "Payments of the period that found their invoices: {} by count{auto}.",
            percent(total)
        ));
    }
    if frame.is_multi_currency {
        remarks.push(
            "Tables are sorted by currency, then by amount; amounts of two currencies are not compared."
                .to_owned(),
        );
    }
    remarks
}

fn aging_chart(frame: &Frame<'_>) -> Option<Chart> {
    let figures = &frame.kpi.receivables;
    let (aging, gross) = (figures.aging.as_ref()?, figures.gross?);
    let buckets = [
        ("Current", aging.current),
        ("1-30 days", aging.month),
        ("31-60 days", aging.two_months),
        ("61-90 days", aging.quarter),
        ("91+ days", aging.older),
    ];
    let shared = |part: Decimal| share(part, gross).unwrap_or_else(|| "n/a".to_owned());
    let bars: Vec<Bar> = buckets
        .iter()
        .map(|(name, part)| Bar {
            name: (*name).to_owned(),
            figure: *part,
            text: format!("{} ({})", amount(*part, frame.kpi.currency), shared(*part)),
        })
        .collect();
    let drawing = (!gross.is_zero()).then(|| draw_bars(&bars));
    let rows = buckets
        .iter()
        .map(|(name, part)| {
            vec![
                Cell::from(*name),
                amount(*part, frame.kpi.currency).into(),
                shared(*part).into(),
            ]
        })
        .collect();
    let table = Table::new(
        "",
        vec![
            Column::words("Past due"),
            Column::figures("Open amount"),
            Column::figures("Share"),
        ],
        rows,
        rest(frame, "crossfoot collections aging"),
        "",
    );
    Some(Chart {
        figure: Figure {
            title: format!("Receivables by days past due, {}", frame.kpi.currency),
            content_id: drawing.as_ref().map(|_| "aging".to_owned()),
            alt: format!(
                "{} is current and {} is more than 90 days past due; table below.",
                shared(aging.current),
                shared(aging.older)
            ),
            width: CHART_WIDTH,
            height: drawing.as_ref().map_or(0, |drawing| drawing.height),
            table: Some(table),
        },
        drawing,
    })
}

fn dso_chart(trend: &Trend<'_>) -> Option<Chart> {
    let counted = |kpi: &Kpi| kpi.receivables.dso_countback;
    let best = |kpi: &Kpi| kpi.receivables.bpdso;
    if !trend.is_drawn(counted) {
        return None;
    }
    let series = [
        trend.series("DSO, counted back", counted, days),
        trend.series("Best possible DSO", best, days),
    ];
    let drawing = draw_lines(&trend.labels(), AxisUnit::Plain, &series);
    let alt = format!("DSO {}", trend.message(counted, days)?);
    let text = |figure: Option<Decimal>, print: fn(Decimal) -> String| {
        Cell::from(figure.map_or_else(|| "n/a".to_owned(), print))
    };
    let table = trend.table(
        vec![
            Column::figures("DSO"),
            Column::figures("Best possible"),
            Column::figures("Current"),
            Column::figures("CEI"),
        ],
        |kpi| {
            let figures = &kpi.receivables;
            vec![
                text(figures.dso_countback, days),
                text(figures.bpdso, days),
                text(figures.percent_current, percent),
                text(figures.cei, percent),
            ]
        },
    );
    Some(Chart {
        figure: Figure {
            title: "Days sales outstanding by period".to_owned(),
            content_id: Some("dso-trend".to_owned()),
            alt,
            width: CHART_WIDTH,
            height: drawing.height,
            table: Some(table),
        },
        drawing: Some(drawing),
    })
}

fn top(frame: &Frame<'_>) -> Table {
    let own = frame.kpi.currency;
    let mut lines: Vec<&InvoiceLine> = frame
        .input
        .open_invoices
        .iter()
        .filter(|line| line.days_past_due > 0)
        .collect();
    lines.sort_by(|one, other| {
        let key = |line: &InvoiceLine| (line.currency != own, line.currency);
        key(one)
            .cmp(&key(other))
            .then_with(|| other.open.cmp(&one.open))
            .then_with(|| one.invoice.cmp(&other.invoice))
    });
    let rows = lines
        .into_iter()
        .map(|line| {
            vec![
                Cell::two(
                    clean(&line.account_name, NAME_MAX),
                    format!("invoice {}", clean(&line.number, LABEL_MAX)),
                ),
                day_of(line.due_on).into(),
                frame.money(line.total, line.currency).into(),
                frame.money(line.open, line.currency).into(),
                line.days_past_due.to_string().into(),
            ]
        })
        .collect();
    Table::new(
        "Ten largest past due",
        vec![
            Column::words("Customer"),
            Column::figures("Due"),
            Column::figures("Total"),
            Column::figures("Open"),
            Column::ages("Days late"),
        ],
        rows,
        rest(frame, "crossfoot collections list"),
        "Nothing is past due.",
    )
}

fn changes(frame: &Frame<'_>) -> Vec<String> {
    let Some(past) = frame.prior else {
        return vec!["There are no figures of the period before.".to_owned()];
    };
    let (now, before) = (&frame.kpi.receivables, &past.receivables);
    let mut changes = Vec::new();
    let mut pair = |name: &str, one: Option<Decimal>, other: Option<Decimal>| {
        if let (Some(one), Some(other)) = (one, other) {
            changes.push(format!(
                "{name}: {} after {} in {}.",
                frame.own_money(one),
                frame.own_money(other),
                frame.prior_short()
            ));
        }
    };
    pair("Sales", now.sales, before.sales);
    pair("Receivables, gross", now.gross, before.gross);
    pair(
        "More than 90 days past due",
        now.aging.as_ref().map(|aging| aging.older),
        before.aging.as_ref().map(|aging| aging.older),
    );
    if changes.is_empty() {
        changes.push("Nothing can be compared with the period before.".to_owned());
    }
    changes
}

fn actions(frame: &Frame<'_>) -> Vec<String> {
    let number = |matches: &dyn Fn(&&InvoiceLine) -> bool| {
        let lines = frame.input.open_invoices.iter();
        u64::try_from(lines.filter(matches).count()).unwrap_or_default()
    };
    let late = number(&|line| line.days_past_due > 0);
    let very_late = number(&|line| line.days_past_due > 90);
    let mut actions = Vec::new();
    if very_late > 0 {
        actions.push(format!(
            "Decide on {} more than 90 days past due.",
            things(very_late, "invoice")
        ));
    }
    if late > very_late {
        actions.push(format!(
            "Chase {} between 1 and 90 days past due.",
            things(late - very_late, "invoice")
        ));
    }
    actions
}

fn case_table(frame: &Frame<'_>) -> Result<Option<Table>, ReportError> {
    let mut groups: BTreeMap<(&str, &str, Currency), (u64, Decimal)> = BTreeMap::new();
    for case in &frame.input.cases {
        let group = groups
            .entry((case.state.as_str(), case.action.as_str(), case.currency))
            .or_default();
        group.0 += 1;
        group.1 = group
            .1
            .checked_add(case.open)
            .ok_or(ReportError::Overflow("the cases of a state"))?;
    }
    if groups.is_empty() {
        return Ok(None);
    }
    let rows = groups
        .into_iter()
        .map(|((state, action, currency), (number, open))| {
            vec![
                Cell::from(clean(state, LABEL_MAX)),
                clean(action, LABEL_MAX).into(),
                count(number).into(),
                frame.money(open, currency).into(),
            ]
        })
        .collect();
    Ok(Some(Table::new(
        "Collection cases by state",
        vec![
            Column::words("State"),
            Column::words("Last evaluation"),
            Column::figures("Cases"),
            Column::figures("Open"),
        ],
        rows,
        rest(frame, "crossfoot collections list"),
        "",
    )))
}
