//! Records go through columns without loss, and their digest is of their content alone.

use crossfoot::canonical::{BatchBuilder, Entity, Record, Value};
use crossfoot::totals::ControlTotals;
use jiff::Timestamp;
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use rust_decimal::Decimal;

use super::arbitrary;

proptest! {
    // Goal: columns lose nothing and the totals are those of the rows. Method: random records of
    // every entity, through a batch and back, the sums taken again by hand.
    #[test]
    fn records_come_back_from_columns((entity, records) in arbitrary::records()) {
        let mut builder = BatchBuilder::new(entity);
        for record in &records {
            builder.push(record).unwrap();
        }
        let batch = builder.finish().unwrap();
        prop_assert_eq!(batch.records().unwrap(), records.clone());
        prop_assert_eq!(batch.totals(), &totals_by_hand(entity, &records));
        prop_assert!(builder.is_empty(), "a finished builder starts anew");
    }

    // Goal: the digest depends on neither the time of the change nor that of the extraction. Method:
    // change both.
    #[test]
    fn the_digest_ignores_when(record in arbitrary::record(), at in arbitrary::instant()) {
        let mut later = record.clone();
        later.set("updated_at", Some(Value::Instant(at)));
        later.extracted_at = Some(at);
        prop_assert_eq!(later.digest(), record.digest());
    }

    // Goal: the digest is that of the values, not of how they are held. Method: every decimal with
    // more zeros behind its point, and the record after its way through columns.
    #[test]
    fn the_digest_is_of_values(record in arbitrary::record()) {
        let mut rescaled = record.clone();
        for value in rescaled.values.iter_mut().flatten() {
            if let Value::Decimal(number) = value {
                number.rescale(10);
            }
        }
        prop_assert_eq!(rescaled.digest(), record.digest());
        let mut builder = BatchBuilder::new(record.entity);
        builder.push(&record).unwrap();
        let read = builder.finish().unwrap().records().unwrap();
        prop_assert_eq!(read[0].digest(), record.digest());
    }

    // Goal: no other change goes unseen. Method: make one value absent, or the raw record longer.
    #[test]
    fn the_digest_sees_every_change(record in arbitrary::record(), at in 0..40_usize) {
        let column = record.entity.columns().nth(at).map(|column| column.name);
        if let Some(column) = column.filter(|name| *name != "updated_at") {
            let mut changed = record.clone();
            changed.set(column, None);
            prop_assert_eq!(changed.digest() == record.digest(), record.get(column).is_none());
        }
        let mut other_raw = record.clone();
        other_raw.raw = Some(format!("{} ", record.raw.clone().unwrap_or_default()));
        prop_assert!(other_raw.digest() != record.digest());
    }
}

// Goal: neighbouring texts do not run into each other. Method: the same letters, cut differently,
// in two columns and in a list.
#[test]
fn the_digest_keeps_texts_apart() {
    let with = |name: &str, legal_name: &str, linked: &[&str]| {
        let mut record = Record::empty(Entity::Accounts);
        record.set("name", Some(Value::Text(name.into())));
        record.set("legal_name", Some(Value::Text(legal_name.into())));
        let texts = linked.iter().map(|text| (*text).to_owned()).collect();
        record.set("linked_ids", Some(Value::List(texts)));
        record.digest()
    };
    let digests = [
        with("ab", "c", &["x", "yz"]),
        with("a", "bc", &["x", "yz"]),
        with("ab", "c", &["xy", "z"]),
        with("ab", "c", &["xyz"]),
        with("ab", "c", &["x", "yz", ""]),
    ];
    for (at, base) in digests.iter().enumerate() {
        assert!(!digests[at + 1..].contains(base), "{at}");
    }
}

// Goal: the digest is the same on every machine and in every version, since the files keep it and it
// decides what lands. Method: a fixed record against the digest that the first release gives it.
#[test]
fn the_digest_is_fixed() {
    let mut record = Record::empty(Entity::Payments);
    record.set("source", Some(Value::Text("bank".into())));
    record.set("id", Some(Value::Text("p1".into())));
    record.set("deleted", Some(Value::Bool(false)));
    record.set(
        "received_on",
        Some(Value::Date(jiff::civil::date(2026, 3, 1))),
    );
    record.set("amount", Some(Value::Decimal(Decimal::new(12_50, 2))));
    record.set("currency", Some(Value::Text("USD".into())));
    record.set("updated_at", Some(Value::Instant(Timestamp::UNIX_EPOCH)));
    record.raw = Some("{\"id\":\"p1\"}".into());
    let expected = 0xe3d5_cd49_1803_4eac_c40b_cdc8_cdc6_338c_u128;
    assert_eq!(u128::from_be_bytes(record.digest()), expected);
}

fn totals_by_hand(entity: Entity, records: &[Record]) -> ControlTotals {
    let mut totals = ControlTotals {
        rows: records.len() as u64,
        ..ControlTotals::default()
    };
    for record in records {
        for column in entity.totalled_columns() {
            let Some(number) = record.decimal(column) else {
                continue;
            };
            let measure = match record.text("currency") {
                Some(currency) => format!("{column}:{currency}"),
                None => (*column).to_owned(),
            };
            *totals.sums.entry(measure).or_default() += number;
        }
    }
    totals
}

// Goal: a control total is exact or an error, never rounded. Method: add the widest number that
// lands until its sum needs more than an exact decimal's 96 bits.
#[test]
fn a_total_that_is_not_exact_is_refused() {
    let widest = Decimal::try_from_i128_with_scale(10_i128.pow(28) - 1, 10).unwrap();
    let mut totals = ControlTotals::default();
    for times in 1..=7 {
        totals.add("amount", widest).unwrap();
        assert_eq!(totals.sums["amount"], widest * Decimal::from(times));
    }
    assert!(totals.add("amount", widest).is_err(), "{:?}", totals.sums);
}
