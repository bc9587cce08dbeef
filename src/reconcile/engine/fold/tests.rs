//! The fold against a map that does the same in three lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, DictionaryArray, StringArray, StringViewArray,
};
use datafusion::arrow::datatypes::Int32Type;
use proptest::prelude::*;

use super::{Fold, FoldShape};

/// One row: its texts, its day, its measures.
#[derive(Debug, Clone)]
struct Row {
    leg: usize,
    account: Option<String>,
    sku: Option<String>,
    day: Option<i32>,
    measures: [Option<i128>; 2],
}

type Key = (String, String, String);
/// Per leg: rows, and per measure how many, the sum, the least and the greatest.
type Sums = Vec<(u64, [(u64, i128, i128, i128); 2])>;

fn row() -> impl Strategy<Value = Row> {
    let text = prop_oneof![
        3 => "[a-c]{0,2}".prop_map(Some),
        2 => "[a-z]{1,3}[0-9]{10,14}".prop_map(Some),
        1 => Just(None),
    ];
    let measure = prop_oneof![
        4 => (-3_i128..4).prop_map(|small| Some(small * 10_000_000_000)),
        2 => (-(1_i128 << 100)..(1_i128 << 100)).prop_map(Some),
        1 => Just(None),
    ];
    (
        0..3_usize,
        text.clone(),
        text,
        prop::option::of(20_000..20_003_i32),
        [measure.clone(), measure],
    )
        .prop_map(|(leg, account, sku, day, measures)| Row {
            leg,
            account,
            sku,
            day,
            measures,
        })
}

fn oracle(rows: &[Row]) -> BTreeMap<Key, Sums> {
    let mut units: BTreeMap<Key, Sums> = BTreeMap::new();
    for row in rows {
        let day = row.day.map_or_else(String::new, |day| {
            let date = jiff::civil::date(1970, 1, 1) + jiff::ToSpan::days(i64::from(day));
            date.to_string()
        });
        let key = (
            row.account.clone().unwrap_or_else(|| "(none)".into()),
            row.sku.clone().unwrap_or_default(),
            day,
        );
        let unit = units
            .entry(key)
            .or_insert_with(|| vec![(0, [(0, 0, 0, 0); 2]); 3]);
        let (count, figures) = &mut unit[row.leg];
        *count += 1;
        for (figure, measure) in figures.iter_mut().zip(row.measures) {
            let Some(number) = measure else { continue };
            let (present, sum, least, greatest) = *figure;
            let (least, greatest) = if present == 0 {
                (number, number)
            } else {
                (least.min(number), greatest.max(number))
            };
            *figure = (present + 1, sum + number, least, greatest);
        }
    }
    units
}

/// Gives the rows leg by leg, in batches, each with another encoding of its texts.
fn folded(rows: &[Row], batch_rows: usize, memory_bytes: usize) -> (BTreeMap<Key, Sums>, u64) {
    let folder = tempfile::tempdir().unwrap();
    let shape = FoldShape {
        legs: 3,
        absent_keys: ["(none)", "", ""].map(str::to_owned).into(),
        extremes: vec![true, true],
        rows_expected: 1 << 20,
    };
    let mut fold = Fold::new(shape, memory_bytes, folder.path());
    let mut batch_count = 0;
    for leg in 0..3 {
        let of_leg: Vec<&Row> = rows.iter().filter(|row| row.leg == leg).collect();
        for batch in of_leg.chunks(batch_rows) {
            let texts = |of: fn(&Row) -> Option<&String>| -> ArrayRef {
                let values = batch.iter().map(|row| of(row).map(String::as_str));
                match batch_count % 3 {
                    0 => Arc::new(values.collect::<StringArray>()),
                    1 => Arc::new(values.collect::<StringViewArray>()),
                    _ => Arc::new(values.collect::<DictionaryArray<Int32Type>>()),
                }
            };
            let days: Date32Array = batch.iter().map(|row| row.day).collect();
            let measure = |at: usize| -> Option<ArrayRef> {
                let present = || batch.iter().filter_map(|row| row.measures[at]);
                // Columns have ten decimals where that is enough, and twelve elsewhere.
                let is_landed = present().all(|number| number % 100 == 0);
                let (factor, scale) = if is_landed { (100, 10) } else { (1, 12) };
                let numbers = batch.iter().map(|row| row.measures[at]);
                let numbers: Decimal128Array = numbers.map(|one| Some(one? / factor)).collect();
                // A column that is null in all rows may be left out.
                let numbers = numbers.with_precision_and_scale(38, scale).unwrap();
                let is_there = present().next().is_some();
                is_there.then(|| Arc::new(numbers) as ArrayRef)
            };
            let keys = [
                texts(|row| row.account.as_ref()),
                texts(|row| row.sku.as_ref()),
                Arc::new(days),
            ];
            fold.add(leg, &keys, &[measure(0), measure(1)]).unwrap();
            batch_count += 1;
        }
    }
    let spilled_bytes = fold.spilled_bytes();
    let mut units = BTreeMap::new();
    let mut folded = fold.finish().unwrap();
    folded
        .each(|unit| {
            let key = (
                unit.text(0).to_owned(),
                unit.text(1).to_owned(),
                unit.text(2).to_owned(),
            );
            let sums: Sums = (0..3)
                .map(|leg| {
                    let figure = |at| {
                        let (least, greatest) = unit.extremes(leg, at).unwrap_or((0, 0));
                        (unit.present(leg, at), unit.sum(leg, at), least, greatest)
                    };
                    (unit.rows(leg), [figure(0), figure(1)])
                })
                .collect();
            assert_eq!(units.insert(key, sums), None, "a unit came twice");
            Ok(())
        })
        .unwrap();
    (units, spilled_bytes)
}

proptest! {
    // Goal: units and sums are those of a map, whatever the encoding, the batches and the memory.
    // Method: rows of three legs with texts from few and from many, nulls, and numbers that take
    // every width; with room for everything, for some of the texts, and for nothing.
    #[test]
    fn units_are_those_of_a_map(
        rows in prop::collection::vec(row(), 0..400),
        batch_rows in 1..90_usize,
        memory_bytes in prop_oneof![Just(64 << 20), Just(110_000), Just(0)],
    ) {
        let (units, _) = folded(&rows, batch_rows, memory_bytes);
        prop_assert_eq!(units, oracle(&rows));
    }
}

// Goal: what has no room goes to disk and comes back; rows of one key beyond a chunk are one unit.
// Method: more rows than chunks hold, of few keys, with and without memory.
#[test]
fn rows_without_room_come_back_from_disk() {
    let rows: Vec<Row> = (0..20_000_i32)
        .map(|at| Row {
            leg: usize::try_from(at % 2).unwrap(),
            account: Some(format!("account {}", at % 7)),
            sku: Some("X".into()),
            day: Some(20_000),
            measures: [Some(i128::from(at) << 40), (at % 3 != 0).then_some(1)],
        })
        .collect();
    let (in_memory, none) = folded(&rows, 8192, 64 << 20);
    let (on_disk, some) = folded(&rows, 8192, 0);
    assert_eq!(none, 0);
    assert!(some > 100_000, "{some}");
    assert_eq!(in_memory, on_disk);
    assert_eq!(on_disk, oracle(&rows));
}
