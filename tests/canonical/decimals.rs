//! Decimals are read exactly or refused.

use crossfoot::canonical::parse_decimal;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use rust_decimal::Decimal;

use super::arbitrary;

proptest! {
    // Goal: what is written is what is read. Method: any number that lands, as text and back.
    #[test]
    fn a_number_comes_back_from_its_text(number in arbitrary::decimal()) {
        let text = number.to_string();
        prop_assert_eq!(parse_decimal(&text).unwrap(), number);
        let padded = format!("{}000{text}", if number.is_sign_negative() { "-" } else { "" })
            .replacen("000-", "000", 1);
        prop_assert_eq!(parse_decimal(&padded).unwrap(), number);
    }

    // Goal: an exponent only moves the point. Method: the same digits with and without one.
    #[test]
    fn an_exponent_moves_the_point(digits in 1..1_000_000_000_i64, places in 0..8_u32) {
        let expected = Decimal::new(digits, places);
        prop_assert_eq!(parse_decimal(&format!("{digits}e-{places}")).unwrap(), expected);
        prop_assert_eq!(parse_decimal(&format!("{expected}E0")).unwrap(), expected);
        let scaled = parse_decimal(&format!("{digits}e+{places}")).unwrap();
        prop_assert_eq!(scaled, Decimal::from(digits) * Decimal::from(10_i64.pow(places)));
    }

    // Goal: nothing is rounded. Method: one digit more than can be kept, never a zero at its end.
    #[test]
    fn a_digit_too_many_is_refused(
        long in "[1-9][0-9]{18,30}",
        fine in "[0-9]{10,20}[1-9]",
        whole in 0..1_000_i64,
    ) {
        prop_assert!(parse_decimal(&long).is_err());
        let too_fine = format!("{whole}.{fine}");
        prop_assert!(parse_decimal(&too_fine).is_err());
    }

    // Goal: no decoration is guessed at. Method: a good number with a letter, sign or separator put
    // in at any place where it has no business.
    #[test]
    fn decoration_is_refused(
        number in 1_000..1_000_000_i64,
        mark in proptest::sample::select(&[",", " ", "$", "_", "'", "+", "(", "%", "\u{a0}", "٣"][..]),
        at in 0..4_usize,
    ) {
        let mut text = number.to_string();
        text.insert_str(at, mark);
        prop_assert!(parse_decimal(&text).is_err(), "{}", text);
    }

    // Goal: no text brings it down, and whatever is read can be written and read again. Method: any
    // text, and any text of the letters that numbers are made of.
    #[test]
    fn any_text_is_read_or_refused(any_text in any::<String>(), near in "[-+0-9.eE]{0,40}") {
        for text in [any_text, near] {
            if let Ok(number) = parse_decimal(&text) {
                prop_assert_eq!(parse_decimal(&number.to_string()).unwrap(), number);
            }
        }
    }
}
