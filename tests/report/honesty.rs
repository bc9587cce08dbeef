//! What a report must not do: leave out, invent, or soften.

use crossfoot::config::ReportKind;
use crossfoot::report::kpi::{Banner, BannerState, DiscrepancyFigures};
use crossfoot::report::render;

use super::sample;

fn unescaped(html: &str) -> String {
    html.replace("&#x2f;", "/")
        .replace("&#x27;", "'")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Goal: HTML, text and `figures` carry the same headlines. Method: every figure's name and text is
/// looked for in both parts, of every kind, well and with a failed source.
#[test]
fn every_headline_is_in_html_text_and_figures() {
    for kind in ReportKind::ALL {
        for input in [
            sample::input(*kind),
            sample::without_billing(sample::input(*kind)),
        ] {
            let rendered = render(&input).unwrap();
            let html = unescaped(&rendered.html);
            assert!((3..=5).contains(&rendered.figures.len()), "{kind:?}");
            for (name, value) in &rendered.figures {
                assert!(
                    html.contains(name.as_str()) && html.contains(value.as_str()),
                    "{name}"
                );
                assert!(
                    rendered.text.contains(&format!("{name}: {value}")),
                    "{name}: {value}"
                );
            }
        }
    }
}

/// Goal: a version follows every printed figure, and not the mere passing of time or who works on what.
/// Method: change one thing of an input at a time, and compare what is printed.
#[test]
fn every_printed_figure_makes_a_version() {
    let printed = |input: &crossfoot::report::kpi::ReportInput| render(input).unwrap().printed;
    let rate = sample::input(ReportKind::DiscrepancyRate);
    let first = printed(&rate);
    let names: std::collections::BTreeSet<_> = first.iter().map(|(name, _)| name).collect();
    assert_eq!(
        names.len(),
        first.len(),
        "each figure has a name of its own"
    );

    // Both of these leave all headlines as they are.
    let mut timing = rate.clone();
    timing.kpi.discrepancy.timing += 1;
    assert_eq!(
        render(&timing).unwrap().figures,
        render(&rate).unwrap().figures
    );
    assert_ne!(printed(&timing), first);
    let mut kinds = rate.clone();
    kinds.kpi.discrepancy.by_kind.pop_first();
    assert_ne!(printed(&kinds), first);
    let mut moves = rate.clone();
    moves.kpi.roll_forward.dismissed += 1;
    assert_ne!(printed(&moves), first);
    let mut recovered = rate.clone();
    let outstanding = recovered.kpi.discrepancy.outstanding.take();
    recovered.kpi.discrepancy.outstanding = recovered.kpi.discrepancy.recovered;
    recovered.kpi.discrepancy.recovered = outstanding;
    assert_ne!(printed(&recovered), first);
    let mut item = rate.clone();
    item.discrepancies[0].unit_actual += sample::decimal("1");
    assert_ne!(printed(&item), first);

    for kind in [ReportKind::DiscrepancyRate, ReportKind::ResolutionTime] {
        let input = sample::input(kind);
        let mut later = input.clone();
        later.as_of += jiff::SignedDuration::from_hours(48);
        for item in &mut later.discrepancies {
            item.owner = Some("ann".to_owned());
        }
        let ages = &mut later.kpi.resolution;
        ages.km_median_days = Some(sample::decimal("77"));
        ages.open.median_age_days = Some(sample::decimal("77"));
        ages.open.max_age_days = Some(sample::decimal("99"));
        std::mem::swap(&mut ages.backlog.week, &mut ages.backlog.month);
        assert_ne!(render(&later).unwrap().html, render(&input).unwrap().html);
        assert_eq!(printed(&later), printed(&input), "{kind:?}");
    }
}

/// Goal: the same input gives the same bytes. Method: render twice and compare everything.
#[test]
fn the_same_input_gives_the_same_bytes() {
    for kind in ReportKind::ALL {
        let input = sample::input(*kind);
        assert_eq!(render(&input).unwrap(), render(&input).unwrap());
    }
}

/// Goal: the parts keep their budgets. Method: measure every kind.
#[test]
fn parts_stay_within_their_budgets() {
    for kind in ReportKind::ALL {
        let rendered = render(&sample::input(*kind)).unwrap();
        assert!(
            rendered.html.len() < 80_000,
            "{} bytes of HTML",
            rendered.html.len()
        );
        assert!(
            rendered.subject.chars().count() <= 70,
            "{}",
            rendered.subject
        );
        for chart in &rendered.charts {
            assert!(
                chart.png.len() < 150_000,
                "{} bytes of PNG",
                chart.png.len()
            );
            assert!(!chart.alt.is_empty());
            assert!(rendered.html.contains(&format!("cid:{}", chart.content_id)));
        }
    }
}

/// Goal: the subject says the figure first and fits. Method: the plain case, and the one with every
/// prefix word.
#[test]
fn subjects_say_figures_first() {
    let mut input = sample::input(ReportKind::DiscrepancyRate);
    let subject = render(&input).unwrap().subject;
    assert_eq!(
        subject,
        "[crossfoot] Discrepancy rate Mar 2026: 1.85 % (-0.41 pp) - North"
    );
    input.version = 2;
    input.thresholds = vec![("count_rate".to_owned(), sample::decimal("0.01"))];
    input.kpi.banner = Banner {
        state: BannerState::Partial,
        level: None,
        text: "usage is partial".to_owned(),
    };
    let subject = render(&input).unwrap().subject;
    assert!(
        subject.contains("INCOMPLETE DATA, CORRECTED, ACTION: ") && subject.contains("1.85 %"),
        "{subject}"
    );
    assert!(subject.chars().count() <= 70, "{subject}");
}

/// Goal: what a failed source took away is withheld, with the reason, and never 0 or `0.00 %`.
/// Method: take billing away and read headlines, banner and subject.
#[test]
fn withheld_figures_say_why_and_are_never_zero() {
    for kind in [ReportKind::DiscrepancyRate, ReportKind::CollectionStatus] {
        let rendered = render(&sample::without_billing(sample::input(kind))).unwrap();
        for (name, value) in &rendered.figures {
            assert_eq!(
                value, "withheld: billing sync failed, last success 31 Mar 2026 01:31 EDT",
                "{name}"
            );
        }
        assert!(
            rendered.subject.contains("INCOMPLETE DATA: "),
            "{}",
            rendered.subject
        );
        assert!(
            rendered.subject.contains("withheld"),
            "{}",
            rendered.subject
        );
        for part in [&rendered.html, &rendered.text] {
            assert!(part.contains("DATA MISSING"));
            assert!(part.contains("billing: failed, last success 31 Mar 2026 01:31 EDT"));
        }
        assert!(!rendered.text.contains("better") && !rendered.text.contains("worse"));
    }
}

/// Goal: few units have no rate, a first period has no change, changed rules have no comparison.
/// Method: one input each.
#[test]
fn what_cannot_be_said_is_not_said() {
    let mut few = sample::input(ReportKind::DiscrepancyRate);
    few.kpi.discrepancy = DiscrepancyFigures {
        units: 12,
        discrepant: 3,
        count_rate: Some(sample::decimal("0.25")),
        value_rate: Some(sample::decimal("0.2")),
        ..few.kpi.discrepancy
    };
    let rendered = render(&few).unwrap();
    assert_eq!(rendered.figures[0].1, "3 of 12");
    assert!(rendered.subject.contains("3 of 12"), "{}", rendered.subject);
    assert!(!rendered.text.contains("25.00 %"));

    let mut first = sample::input(ReportKind::DiscrepancyRate);
    first.history.clear();
    let rendered = render(&first).unwrap();
    assert!(rendered.text.contains("before: n/a; change: n/a"));
    assert!(rendered.charts.is_empty(), "one period is no trend");

    let mut ruled = sample::input(ReportKind::DiscrepancyRate);
    ruled.kpi.rules_version = Some("another".to_owned());
    assert!(
        render(&ruled)
            .unwrap()
            .text
            .contains("not comparable: rules changed")
    );
}

/// Goal: a provisional period is marked at each number and gets no verdict. Method: open it again.
#[test]
fn provisional_figures_are_marked_and_not_judged() {
    let closed = render(&sample::input(ReportKind::DiscrepancyRate)).unwrap();
    assert!(closed.text.contains("-0.41 pp, better"), "{}", closed.text);
    let mut input = sample::input(ReportKind::DiscrepancyRate);
    input.kpi.provisional = true;
    let open = render(&input).unwrap();
    assert!(open.text.contains("PROVISIONAL") && open.html.contains("PROVISIONAL"));
    assert_eq!(
        open.text.matches("(provisional)").count(),
        open.figures.len()
    );
    assert!(open.text.contains("-0.41 pp, provisional"));
    assert!(!open.text.contains("better"));
}

/// Goal: nothing found is proof of work, not silence. Method: no discrepancies, all sources well.
#[test]
fn nothing_to_report_says_what_was_compared() {
    let mut input = sample::input(ReportKind::DiscrepancyRate);
    let zero = Some(rust_decimal::Decimal::ZERO);
    input.kpi.banner = Banner {
        state: BannerState::Nothing,
        level: None,
        text: "0 discrepancies in 12,431 compared lines (last sync 1 Apr 2026 01:31 EDT)"
            .to_owned(),
    };
    input.discrepancies.clear();
    input.kpi.discrepancy = DiscrepancyFigures {
        units: 12_431,
        count_rate: zero,
        value_rate: zero,
        gross: zero,
        leakage: zero,
        overbilling: zero,
        net: zero,
        ..DiscrepancyFigures::default()
    };
    let rendered = render(&input).unwrap();
    assert!(rendered.text.contains("NOTHING TO REPORT"));
    assert!(
        rendered
            .text
            .contains("0 discrepancies were found in 12,431 compared units")
    );
    assert_eq!(rendered.figures[0].1, "0.00 %");
}

/// Goal: amounts of several currencies carry their codes and are never summed. Method: one item in
/// another currency, larger as a bare number than all others.
#[test]
fn several_currencies_carry_their_codes() {
    let mut input = sample::input(ReportKind::DiscrepancyRate);
    input.discrepancies[3].currency = "JPY".parse().unwrap();
    input.discrepancies[3].impact = sample::decimal("-90000");
    let rendered = render(&input).unwrap();
    assert!(rendered.text.contains("USD 5,330.22"));
    let rows: Vec<&str> = rendered
        .text
        .lines()
        .filter(|line| line.contains("JPY -90,000"))
        .collect();
    assert!(rows.len() <= 1);
    assert!(!rendered.text.contains("-90,000.00"));
}

/// Goal: a table cut at ten says so, in both parts; without an attachment it says where else.
/// Method: thirteen items.
#[test]
fn cut_tables_end_with_what_is_left() {
    let mut input = sample::input(ReportKind::DiscrepancyRate);
    let rendered = render(&input).unwrap();
    assert!(rendered.html.contains("3 more in attachment"));
    assert!(rendered.text.contains("3 more in attachment"));
    input.attachments = false;
    let rendered = render(&input).unwrap();
    assert!(rendered.sheet.is_none());
    assert!(!rendered.text.contains("in attachment"));
    assert!(
        rendered
            .text
            .contains("3 more: run `crossfoot discrepancies list --all`")
    );
}

/// Goal: a correction lists what it changes. Method: version 2 with one changed figure.
#[test]
fn corrections_list_what_changed() {
    let mut input = sample::input(ReportKind::DiscrepancyRate);
    input.version = 2;
    input.corrections = vec![(
        "Leakage".to_owned(),
        "4,000.00".to_owned(),
        "4,157.57".to_owned(),
    )];
    let rendered = render(&input).unwrap();
    assert!(rendered.subject.contains("CORRECTED: "));
    assert!(
        rendered
            .text
            .contains("- Leakage: was 4,000.00, is 4,157.57")
    );
    assert!(rendered.html.contains("CORRECTED, version 2"));
}
