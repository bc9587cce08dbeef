//! Remittance advice of X12 (820) as a source of payments and remittances.

use crossfoot::canonical::Entity;
use crossfoot::config::SourceConfig;
use crossfoot::sources::Seal;

use super::harness::{Desk, Pulled};

const FILES: &str = "files = { payments = 'bank/*', remittances = 'bank/*' }";

fn config() -> SourceConfig {
    toml::from_str(&format!("connector = 'files'\nrole = 'bank'\n{FILES}")).unwrap()
}

async fn pulled(desk: &Desk, stream: &str) -> Pulled {
    desk.pull(&config(), stream)
        .await
        .unwrap_or_else(|failure| panic!("{}", failure.report()))
}

/// An interchange of one group with two payments, separated as usual.
const ADVICE: &str = "ISA*00*          *00*          *ZZ*ACMESENDER     *ZZ*NORTHWIND      *261102*0900*U*00401*000000007*0*P*>~
GS*RA*ACME*NORTHWIND*20261102*0900*7*X*004010~
ST*820*0001~
BPR*C*1410.5*C*ACH*CTX*01*021000021*DA*1*1234567890**01*021000089*DA*2*20261102~
TRN*1*TRACE77~
DTM*097*20261101~
N1*PR*ACME CORP*92*C-100~
N1*PE*NORTHWIND~
ENT*1~
RMR*IV*INV-1**1000*1075*25~
DTM*003*20261001~
ADX*-50.00*06~
RMR*IV*INV-2**.5*.5~
RMR*PO*4711**410~
ENT*2~
ADX*12.25*L7*IV*INV-9~
SE*15*0001~
ST*820*0002~
BPR*I*20*D*CHK************20261103~
TRN*1*TRACE78~
RMR*IV*INV-3**20~
SE*5*0002~
GE*2*7~
IEA*1*000000007~
";

#[tokio::test]
async fn payments_and_what_they_pay() {
    // Goal: amounts with their sign, and every deduction. Method: two sets, the second an advice
    // without money; the same file again with other separators.
    let desk = Desk::new();
    desk.file("bank/a.820", ADVICE);
    let other = ADVICE
        .replace("~\n", "\u{1}")
        .replace('~', "\u{1}")
        .replace('*', "|");
    desk.file(
        "bank/b.out",
        other
            .replace("000000007", "000000008")
            .replace("TRACE7", "T"),
    );
    let payments = pulled(&desk, "payments").await;
    assert_eq!(
        payments.ids(Entity::Payments),
        [
            "ACMESENDER:TRACE77",
            "ACMESENDER:TRACE78",
            "ACMESENDER:T7",
            "ACMESENDER:T8"
        ]
    );
    let one = payments.one(Entity::Payments, "ACMESENDER:TRACE77");
    assert_eq!(one.decimal("amount").unwrap().to_string(), "1410.5");
    assert_eq!(one.date("received_on").unwrap().to_string(), "2026-11-02");
    assert_eq!(
        (
            one.text("currency"),
            one.text("reference"),
            one.text("account_id")
        ),
        (Some("USD"), Some("TRACE77"), Some("C-100"))
    );
    assert_eq!(
        (one.text("method"), one.text("status")),
        (Some("ACH"), Some("succeeded"))
    );
    let two = payments.one(Entity::Payments, "ACMESENDER:TRACE78");
    assert_eq!(two.decimal("amount").unwrap().to_string(), "-20");
    assert_eq!(two.text("status"), Some("pending"));

    let remittances = pulled(&desk, "remittances").await;
    let rows: Vec<_> = remittances
        .of(Entity::Remittances)
        .take(6)
        .map(|row| {
            let decimal = |name| row.decimal(name).map(|value| value.to_string());
            (
                row.text("payment_id").unwrap(),
                row.text("invoice_number"),
                decimal("amount").unwrap(),
                decimal("deduction_amount"),
                row.text("reason_code"),
            )
        })
        .collect();
    let amount = |text: &str| text.to_owned();
    let trace = "ACMESENDER:TRACE77";
    assert_eq!(
        rows,
        [
            (
                trace,
                Some("INV-1"),
                amount("1000"),
                Some(amount("25")),
                Some("DISCOUNT")
            ),
            (
                trace,
                Some("INV-1"),
                amount("0"),
                Some(amount("50")),
                Some("06")
            ),
            (trace, Some("INV-2"), amount("0.5"), None, None),
            (trace, None, amount("410"), None, None),
            (
                trace,
                Some("INV-9"),
                amount("0"),
                Some(amount("-12.25")),
                Some("L7")
            ),
            ("TRACE78", Some("INV-3"), amount("20"), None, None),
        ]
    );
    assert_eq!(remittances.ids(Entity::Remittances).len(), 12);
}

#[tokio::test]
async fn a_deduction_without_an_amount_is_kept_aside() {
    // Goal: an amount that is not there is never nothing. Method: an adjustment without one.
    let desk = Desk::new();
    desk.file("bank/a.820", ADVICE.replace("ADX*-50.00*06", "ADX**06"));
    let pulled = desk.pull(&config(), "remittances").await.unwrap();
    let refused: Vec<_> = pulled
        .rejects
        .iter()
        .map(|one| (one.field.as_str(), one.text.as_deref()))
        .collect();
    assert_eq!(refused, [("deduction_amount", Some("no amount"))]);
    assert_eq!(pulled.ids(Entity::Remittances).len(), 5);
}

#[tokio::test]
async fn counts_and_control_numbers_must_tie() {
    // Goal: a file that lost a segment fails. Method: each count and number wrong, ends cut off.
    let desk = Desk::new();
    for (from, to, expected) in [
        (
            "SE*15*",
            "SE*14*",
            "segment 17 (`SE`) counts 14, and 15 came",
        ),
        (
            "SE*5*0002",
            "SE*5*0003",
            "(`SE`) ends `0003`, and `0002` is open",
        ),
        ("GE*2*7", "GE*1*7", "(`GE`) counts 1, and 2 came"),
        ("IEA*1*", "IEA*2*", "(`IEA`) counts 2, and 1 came"),
        (
            "RMR*IV*INV-2**.5*.5~\n",
            "",
            "(`SE`) counts 15, and 14 came",
        ),
        ("IEA*1*000000007~\n", "", "`IEA` is missing"),
        ("SE*5*0002~\n", "", "a set that has no end"),
        ("ISA*00*  ", "ISA*00*", "16 elements in 106 characters"),
        ("ST*820*0001~", "ST*820*0001", "BPR"),
        (
            "BPR*I*20*D*",
            "BPR*I*20*X*",
            "set that starts at segment 18 says neither credit nor debit",
        ),
    ] {
        desk.file("bank/a.820", ADVICE.replace(from, to));
        let failure = desk.pull(&config(), "payments").await.err().unwrap();
        let told = format!("{} {}", failure.code(), failure.report());
        let is_told = told.contains(expected) || expected == "BPR";
        assert!(
            told.contains("XF-S019") && told.contains("a.820") && is_told,
            "{expected}: {told}"
        );
    }
    desk.file("bank/a.820", ADVICE.replace("ST*820", "ST*997"));
    let failure = desk.pull(&config(), "payments").await.err().unwrap();
    assert!(
        failure.report().contains("no payment order"),
        "{}",
        failure.report()
    );
}

#[tokio::test]
async fn a_payment_ties_with_its_documents() {
    // Goal: a payment whose documents add up to something else lands with all that it has, and its
    // source says that it is not whole. Method: the paid amounts alone, with the adjustment that
    // names no document, with all adjustments, and another amount; then an advice without documents.
    let desk = Desk::new();
    for (amount, is_sealed) in [
        ("1410.5", true),
        ("1422.75", true),
        ("1372.75", true),
        ("1410.51", false),
    ] {
        desk.file(
            "bank/a.820",
            ADVICE.replace("*1410.5*", &format!("*{amount}*")),
        );
        for (stream, rows) in [("payments", 2), ("remittances", 6)] {
            let pulled = pulled(&desk, stream).await;
            assert_eq!(pulled.records.len(), rows);
            assert_eq!(pulled.report.full_sweeps.is_empty(), !is_sealed);
            match &pulled.report.seal {
                Seal::Sealed => assert!(is_sealed, "{amount}"),
                Seal::Unsealed(why) => assert_eq!(
                    why,
                    "bank/a.820: the set that starts at segment 3 pays 1410.51 (BPR02), and its \
                     documents (RMR04) add up to 1422.75"
                ),
            }
        }
    }
    let bare = ADVICE
        .replace("RMR*IV*INV-3**20~\n", "")
        .replace("SE*5*0002", "SE*4*0002");
    desk.file("bank/a.820", bare);
    assert_eq!(pulled(&desk, "payments").await.report.seal, Seal::Sealed);
}
