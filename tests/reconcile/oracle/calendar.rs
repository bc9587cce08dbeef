//! Days and months counted from 1 March 2026.

/// The first day of a month; good for the years from March 2024 on to February 2028.
pub(in crate::reconcile) fn first_day(month: i32) -> i32 {
    const FROM_MARCH: [i32; 12] = [31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28];
    let of_year = usize::try_from(month.rem_euclid(12)).unwrap();
    month.div_euclid(12) * 365 + FROM_MARCH[..of_year].iter().sum::<i32>()
}

/// The month that a day is in.
pub(super) fn month_of(day: i32) -> i32 {
    let near = day.div_euclid(31);
    (near - 1..=near + 2)
        .rev()
        .find(|month| first_day(*month) <= day)
        .unwrap()
}

/// A day so many months later; one that the month does not have is its last.
pub(super) fn later(day: i32, months: i32) -> i32 {
    let month = month_of(day);
    let wanted = month + months;
    let last = first_day(wanted + 1) - 1;
    (first_day(wanted) + day - first_day(month)).min(last)
}

/// Seconds between two days in New York, whose clocks go forward in March and back in November.
pub(super) fn seconds(from: i32, to: i32) -> i64 {
    let changes = [
        (first_day(-12) + 8, -3600),
        (first_day(-4) + 1, 3600),
        (7, -3600),
        (first_day(8), 3600),
    ];
    let changed = changes.iter().filter(|(day, _)| from <= *day && to > *day);
    i64::from(to - from) * 86400 + changed.map(|(_, seconds)| seconds).sum::<i64>()
}

/// Days of a calendar whose months have 30.
pub(super) fn thirty(day: i32) -> i64 {
    let month = month_of(day);
    let in_month = i64::from(day - first_day(month)) + 1;
    i64::from(month) * 30 + in_month.min(30)
}
