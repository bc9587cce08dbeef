//! How long it takes to put a discrepancy right, and how old the rest is.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::business_hours::business_hours;
use super::error::KpiError;
use super::figures::{Backlog, OpenAges, ResolutionFigures};
use super::kaplan_meier::kaplan_meier_median;
use super::percentile::{mean, percentile_cont};
use super::timeline::Timeline;
use crate::config::CalendarConfig;
use crate::money::{MoneyError, ratio};
use crate::reconcile::DiscrepancyState;

/// What the times are measured by.
pub(super) struct Measure<'a> {
    pub(super) bounds: (Timestamp, Timestamp),
    pub(super) as_of: Timestamp,
    pub(super) calendar: &'a CalendarConfig,
    pub(super) zone: &'a TimeZone,
}

impl Measure<'_> {
    fn is_within(&self, at: Timestamp) -> bool {
        at >= self.bounds.0 && at < self.bounds.1 && at <= self.as_of
    }
}

/// Times of the items verified whose last resolution falls in the period, and ages of all items
/// that are open at `as_of`.
pub(super) fn resolution(
    timelines: &[Timeline<'_>],
    measure: &Measure<'_>,
) -> Result<ResolutionFigures, KpiError> {
    let cohort = Cohort::of(timelines, measure)?;
    let mut ages = timelines
        .iter()
        .filter(|timeline| timeline.state().is_some_and(DiscrepancyState::is_open))
        .map(|timeline| days(measure.as_of.duration_since(timeline.item.opened_at)))
        .collect::<Result<Vec<_>, _>>()?;
    ages.sort_unstable();

    let ninety = Decimal::new(9, 1);
    Ok(ResolutionFigures {
        n: cohort.full.len() as u64,
        mean_days: plain(mean(&cohort.full)?),
        median_days: median(&cohort.full)?,
        p90_days: plain(percentile_cont(&cohort.full, ninety)?),
        max_days: plain(cohort.full.last().copied()),
        first_median_days: median(&cohort.first)?,
        active_median_days: median(&cohort.active)?,
        hold_median_days: median(&cohort.hold)?,
        net_median_days: median(&cohort.net)?,
        business_median_hours: median(&cohort.business)?,
        km_median_days: plain(kaplan_meier_median(&cohort.full, &ages)?),
        reopen_rate: reopen_rate(timelines, measure),
        self_cleared: entered(timelines, measure, DiscrepancyState::SelfCleared),
        dismissed: entered(timelines, measure, DiscrepancyState::Dismissed),
        open: OpenAges {
            n: ages.len() as u64,
            median_age_days: median(&ages)?,
            p90_age_days: plain(percentile_cont(&ages, ninety)?),
            max_age_days: plain(ages.last().copied()),
        },
        backlog: backlog(&ages),
    })
}

/// Days, and working hours, of the resolved items; each list in ascending order.
#[derive(Default)]
struct Cohort {
    full: Vec<Decimal>,
    first: Vec<Decimal>,
    active: Vec<Decimal>,
    hold: Vec<Decimal>,
    net: Vec<Decimal>,
    business: Vec<Decimal>,
}

impl Cohort {
    fn of(timelines: &[Timeline<'_>], measure: &Measure<'_>) -> Result<Self, KpiError> {
        let mut cohort = Self::default();
        for timeline in timelines {
            let is_proven = matches!(
                timeline.state(),
                Some(DiscrepancyState::Verified | DiscrepancyState::Closed)
            );
            let resolved = || {
                timeline
                    .transitions
                    .iter()
                    .filter(|transition| transition.to == DiscrepancyState::Resolved)
                    .map(|transition| transition.at)
            };
            let (Some(first), Some(last)) = (resolved().next(), resolved().next_back()) else {
                continue;
            };
            if !is_proven || !measure.is_within(last) {
                continue;
            }
            let opened = timeline.item.opened_at;
            let full = last.duration_since(opened);
            let is_waiting = |state| state == DiscrepancyState::Waiting;
            let hold = timeline.time_in(is_waiting, last);
            cohort.full.push(days(full)?);
            cohort.first.push(days(first.duration_since(opened))?);
            cohort
                .active
                .push(days(timeline.time_in(DiscrepancyState::is_open, last))?);
            cohort.hold.push(days(hold)?);
            cohort.net.push(days(full.saturating_sub(hold))?);
            let hours = business_hours(opened, last, measure.calendar, measure.zone)?;
            cohort.business.push(hours);
        }
        for list in [
            &mut cohort.full,
            &mut cohort.first,
            &mut cohort.active,
            &mut cohort.hold,
            &mut cohort.net,
            &mut cohort.business,
        ] {
            list.sort_unstable();
        }
        Ok(cohort)
    }
}

/// Items reopened in the period, by items resolved in it; each once.
fn reopen_rate(timelines: &[Timeline<'_>], measure: &Measure<'_>) -> Option<Decimal> {
    let resolved = entered(timelines, measure, DiscrepancyState::Resolved);
    let reopened = entered(timelines, measure, DiscrepancyState::Reopened);
    ratio(Decimal::from(reopened), Decimal::from(resolved)).map(|rate| rate.normalize())
}

fn entered(timelines: &[Timeline<'_>], measure: &Measure<'_>, state: DiscrepancyState) -> u64 {
    timelines
        .iter()
        .filter(|timeline| {
            timeline
                .transitions
                .iter()
                .any(|transition| transition.to == state && measure.is_within(transition.at))
        })
        .count() as u64
}

fn backlog(ages: &[Decimal]) -> Backlog {
    let mut backlog = Backlog::default();
    for age in ages {
        let bucket = match i64::try_from(age.floor()).unwrap_or(i64::MAX) {
            ..=7 => &mut backlog.week,
            8..=30 => &mut backlog.month,
            31..=60 => &mut backlog.two_months,
            61..=90 => &mut backlog.quarter,
            _ => &mut backlog.older,
        };
        *bucket += 1;
    }
    backlog
}

/// Elapsed time in days of 86,400 seconds.
fn days(elapsed: SignedDuration) -> Result<Decimal, MoneyError> {
    let seconds = Decimal::from_i128_with_scale(elapsed.as_micros(), 6);
    ratio(seconds, Decimal::from(86_400)).ok_or(MoneyError::Overflow)
}

fn median(ascending: &[Decimal]) -> Result<Option<Decimal>, MoneyError> {
    percentile_cont(ascending, Decimal::new(5, 1)).map(plain)
}

fn plain(figure: Option<Decimal>) -> Option<Decimal> {
    figure.map(|figure| figure.normalize())
}
