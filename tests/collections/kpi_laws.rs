//! Laws of the KPIs over generated books.

use crossfoot::reconcile::{DiscrepancyEvent, DiscrepancyState as State, ResolutionCode as Code};
use proptest::prelude::{Strategy, prop, prop_assert, prop_assert_eq, proptest};
use rust_decimal::Decimal;

use super::kpi_sample::{Desk, item, moves, seen, totals};

/// States that an item may be moved to in turn, legal or not: the identity must hold for any.
const STATES: [State; 12] = [
    State::Open,
    State::Acknowledged,
    State::InProgress,
    State::Waiting,
    State::Proposed,
    State::Approved,
    State::Resolved,
    State::Verified,
    State::Closed,
    State::Dismissed,
    State::SelfCleared,
    State::Reopened,
];

type Row = (u8, i64, i64, i64, Vec<(u8, usize, u8)>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let path = prop::collection::vec((0..90_u8, 0..STATES.len(), 0..4_u8), 0..6);
    prop::collection::vec((0..3_u8, 0..500_i64, 0..500_i64, 0..100_i64, path), 0..12)
}

/// A book of items with histories from February to April, and totals that fit it.
fn desk(rows: &[Row]) -> Desk {
    let day = |offset: u8| {
        super::records::day("2026-02-01")
            .checked_add(jiff::Span::new().days(i64::from(offset)))
            .unwrap()
            .to_string()
    };
    let mut items = Vec::new();
    let mut events: Vec<DiscrepancyEvent> = Vec::new();
    for (at, (account, expected, actual, left, path)) in rows.iter().enumerate() {
        let account = format!("c{account}");
        let id = format!("d{at:02}");
        let mut entry = item(&id, &account, &expected.to_string(), &actual.to_string());
        let now = entry.unit_actual - entry.impact * (Decimal::ONE - Decimal::new(*left, 2));
        entry = seen(entry, &expected.to_string(), &now.to_string());
        let mut path: Vec<_> = path.clone();
        path.sort_unstable();
        let mut steps = vec![(
            day(path.first().map_or(0, |step| step.0)),
            State::Open,
            None,
        )];
        steps.extend(path.iter().map(|(offset, state, code)| {
            let code = [
                None,
                Some(Code::Timing),
                Some(Code::FalsePositive),
                Some(Code::WrittenOff),
            ][usize::from(*code)];
            (day(*offset), STATES[*state], code)
        }));
        let steps: Vec<_> = steps
            .iter()
            .map(|(day, state, code)| (day.as_str(), *state, *code))
            .collect();
        events.extend(moves(&entry, &steps));
        entry.opened_at = events
            .iter()
            .find(|event| event.discrepancy_id == id)
            .unwrap()
            .at;
        entry.state = steps.last().unwrap().1;
        entry.code = steps.last().unwrap().2;
        items.push(entry);
    }
    let mut sums = Vec::new();
    for account in ["c0", "c1", "c2"] {
        let own: Vec<_> = items
            .iter()
            .filter(|item| item.account == account)
            .collect();
        let expected: Decimal = own.iter().map(|item| item.unit_expected).sum();
        let actual: Decimal = own.iter().map(|item| item.unit_actual).sum();
        let mut row = totals(
            account,
            own.len() as u64,
            own.len() as u64,
            &expected.to_string(),
            &actual.to_string(),
        );
        row.compared_value = own
            .iter()
            .map(|item| item.unit_expected.max(item.unit_actual))
            .sum();
        sums.push(row);
    }
    let mut desk = Desk::new(sums, items);
    (desk.events, desk.as_of) = (events, "2026-05-15");
    desk
}

proptest! {
    #![proptest_config(super::records::cases(128))]

    // Goal: law 3: the roll-forward identity holds for every month, and one month ends as the next
    // begins. Method: generated histories, also with moves that no table allows.
    #[test]
    fn the_open_set_rolls_forward(rows in rows()) {
        let mut desk = desk(&rows);
        let mut before = None;
        for span in ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"] {
            desk.span = span;
            let roll = desk.kpi().roll_forward;
            prop_assert_eq!(
                roll.open_end + roll.resolved + roll.dismissed + roll.self_cleared + roll.timing,
                roll.open_start + roll.new + roll.reopened
            );
            prop_assert_eq!(roll.open_start, before.unwrap_or(0));
            before = Some(roll.open_end);
        }
        desk.span = "2026";
        let year = desk.kpi();
        prop_assert_eq!(year.roll_forward.new, rows.len() as u64);
        prop_assert_eq!(year.roll_forward.open_end, year.resolution.open.n);
    }

    // Goal: laws 4, 5 and the identity of leakage: rates are in [0, 1], also in every group, groups
    // add up, and what was found is recovered, outstanding or lost. Method: generated books.
    #[test]
    fn rates_and_sums_tie(rows in rows(), missing in 0..12_u64) {
        let mut desk = desk(&rows);
        // Some of the records behind the items are gone by now.
        for totals in &mut desk.reconciliations[0].totals {
            totals.units = totals.units.saturating_sub(missing);
            totals.discrepant = totals.discrepant.min(totals.units);
        }
        let kpi = desk.kpi();
        let figures = &kpi.discrepancy;
        let groups = figures.by_account.values().chain(figures.by_currency.values());
        let rates = groups.flat_map(|group| [group.count_rate, group.value_rate]);
        for rate in rates.chain([figures.count_rate, figures.value_rate]).flatten() {
            prop_assert!(rate >= Decimal::ZERO && rate <= Decimal::ONE, "{rate}");
        }
        let sum: Decimal = figures.by_account.values().map(|group| group.gross).sum();
        prop_assert_eq!(Some(sum), figures.gross);
        let (leakage, overbilling) = (figures.leakage.unwrap(), figures.overbilling.unwrap());
        prop_assert_eq!(figures.gross, Some(leakage + overbilling));
        prop_assert_eq!(figures.net, Some(overbilling - leakage));
        let parts = [figures.recovered, figures.outstanding, figures.lost].map(Option::unwrap);
        prop_assert_eq!(leakage, parts.iter().sum::<Decimal>());
        prop_assert!(parts.iter().all(|part| *part >= Decimal::ZERO));
        let discrepant: u64 = figures.by_account.values().map(|group| group.discrepant).sum();
        prop_assert_eq!(discrepant, figures.discrepant);
        for part in &kpi.completeness {
            prop_assert!(part.holds);
        }
    }

    // Goal: laws 9 and 10: computing again, or from rows in another order, changes nothing.
    // Method: reverse the items and the totals.
    #[test]
    fn order_and_repetition_change_nothing(rows in rows()) {
        let mut desk = desk(&rows);
        let first = desk.kpi();
        prop_assert_eq!(&desk.kpi(), &first);
        desk.items.reverse();
        desk.reconciliations[0].totals.reverse();
        prop_assert_eq!(&desk.kpi(), &first);
    }
}
