//! Bank statements as a source of payments and remittances.

use std::fmt::Write as _;

use crossfoot::canonical::Entity;
use crossfoot::config::SourceConfig;
use crossfoot::sources::Seal;

use super::harness::{Desk, Pulled};

const FILES: &str = "files = { payments = 'bank/*', remittances = 'bank/*' }";

fn config(more: &str) -> SourceConfig {
    toml::from_str(&format!(
        "connector = 'files'\nrole = 'bank'\n{FILES}\n{more}"
    ))
    .unwrap()
}

async fn pulled(desk: &Desk, stream: &str) -> Pulled {
    desk.pull(&config(""), stream)
        .await
        .unwrap_or_else(|failure| panic!("{}", failure.report()))
}

/// A message of one statement.
fn message(kind: &str, entries: &str) -> String {
    let (root, statement) = match kind {
        "053" => ("BkToCstmrStmt", "Stmt"),
        "054" => ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
        _ => ("BkToCstmrAcctRpt", "Rpt"),
    };
    format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n\
         <Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.08'><{root}>\n\
         <GrpHdr><MsgId>M</MsgId></GrpHdr><{statement}><Id>S</Id>\n\
         <Acct><Id><IBAN>DE1</IBAN></Id><Ccy>EUR</Ccy></Acct>\n{entries}\n\
         </{statement}></{root}></Document>"
    )
}

struct Entry {
    amount: &'static str,
    direction: &'static str,
    status: &'static str,
    more: String,
    details: String,
}

impl Entry {
    fn credit(amount: &'static str, details: &str) -> Self {
        Self {
            amount,
            direction: "CRDT",
            status: "<Cd>BOOK</Cd>",
            more: String::new(),
            details: details.to_owned(),
        }
    }

    fn xml(&self) -> String {
        let mut xml = String::new();
        let Self {
            amount,
            direction,
            status,
            more,
            details,
        } = self;
        writeln!(
            xml,
            "<Ntry><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>\
             <Sts>{status}</Sts><BookgDt><Dt>2026-11-02</Dt></BookgDt>{more}\
             <NtryDtls>{details}</NtryDtls></Ntry>"
        )
        .unwrap();
        xml
    }
}

const DETAILS: &str = "<TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs><RltdPties>\
    <Dbtr><Pty><Nm>Acme &amp; Co</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>FR9</IBAN></Id></DbtrAcct>\
    </RltdPties></TxDtls>";

#[tokio::test]
async fn one_payment_out_of_its_notification_and_its_statement() {
    // Goal: an entry that is told twice is one payment, by its most final telling; two alike
    // entries of one statement are two. Method: a pending notification, the booked statement.
    let desk = Desk::new();
    let pending = Entry {
        status: "PDNG",
        ..Entry::credit("1234.56789", DETAILS)
    };
    let booked = Entry::credit("1234.567890", DETAILS);
    let unnamed = Entry::credit("5", "").xml();
    desk.file("bank/a.xml", message("054", &pending.xml()));
    desk.file(
        "bank/b.txt",
        message("053", &format!("{}{unnamed}{unnamed}", booked.xml())),
    );
    let pulled = pulled(&desk, "payments").await;
    assert_eq!(
        pulled.ids(Entity::Payments),
        [
            "DE1:2026-11-02:CRDT:1234.56789EUR:E1",
            "DE1:2026-11-02:CRDT:5EUR:",
            "DE1:2026-11-02:CRDT:5EUR:#2",
        ]
    );
    let one = pulled.one(Entity::Payments, "DE1:2026-11-02:CRDT:1234.56789EUR:E1");
    assert_eq!(one.decimal("amount").unwrap().to_string(), "1234.56789");
    assert_eq!(one.text("status"), Some("succeeded"));
    assert_eq!(
        (
            one.text("currency"),
            one.text("reference"),
            one.text("account_id"),
            one.text("method")
        ),
        (Some("EUR"), Some("E1"), Some("FR9"), Some("bank transfer"))
    );
    assert_eq!(one.date("received_on").unwrap().to_string(), "2026-11-02");
    assert!(one.raw.as_deref().unwrap().contains("Acme & Co"));
    let two = pulled.one(Entity::Payments, "DE1:2026-11-02:CRDT:5EUR:");
    assert_eq!(
        (two.text("account_id"), two.text("reference")),
        (None, None)
    );
    assert!(
        pulled.report.warnings.is_empty(),
        "{:?}",
        pulled.report.warnings
    );
    assert_eq!(pulled.report.full_sweeps, [Entity::Payments]);
}

#[tokio::test]
async fn a_return_takes_its_payment_back() {
    // Goal: a debit that returns a credit is a negative payment that names the original; other
    // debits, returned payments of our own and pure information are nothing. Method: one of each.
    let desk = Desk::new();
    let own = |reference: &str| format!("<AcctSvcrRef>{reference}</AcctSvcrRef>");
    let entry = |direction, more: String, details: &str| Entry {
        direction,
        more,
        ..Entry::credit("70.00", details)
    };
    let returned = DETAILS.replace(
        "</TxDtls>",
        "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls>",
    );
    let entries: String = [
        entry("CRDT", own("R1"), DETAILS),
        entry("DBIT", own("R2"), &returned),
        entry("DBIT", format!("{}<RvslInd>true</RvslInd>", own("R3")), ""),
        entry("DBIT", own("R4"), DETAILS),
        entry("CRDT", format!("{}<RvslInd>true</RvslInd>", own("R5")), ""),
        Entry {
            status: "INFO",
            ..entry("CRDT", own("R6"), "")
        },
        Entry {
            status: "ODD",
            ..entry("CRDT", own("R7"), "")
        },
    ]
    .iter()
    .map(Entry::xml)
    .collect();
    desk.file("bank/s.xml", message("053", &entries));
    let pulled = pulled(&desk, "payments").await;
    assert_eq!(
        pulled.ids(Entity::Payments),
        ["DE1:R1", "DE1:R2:reversal", "DE1:R3:reversal", "DE1:R7"]
    );
    let back = pulled.one(Entity::Payments, "DE1:R2:reversal");
    assert_eq!(back.decimal("amount").unwrap().to_string(), "-70");
    assert_eq!(back.text("reversal_of"), Some("DE1:R1"));
    let unknown = pulled.one(Entity::Payments, "DE1:R3:reversal");
    assert_eq!(unknown.text("reversal_of"), None);
    assert_eq!(
        pulled.one(Entity::Payments, "DE1:R7").text("status"),
        Some("unmapped:ODD")
    );
    assert_eq!(pulled.report.gaps.len(), 1);
}

#[tokio::test]
async fn documents_and_deductions_of_a_payment() {
    // Goal: a row per document, and none of the deductions is lost. Method: a document with two
    // deductions and a discount, a credit note, a document whose amount is the transfer's.
    let desk = Desk::new();
    let details = "<TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs><RmtInf>\
        <Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp><Nb>INV-1</Nb></RfrdDocInf>\
        <RfrdDocAmt><DuePyblAmt Ccy='EUR'>100.00</DuePyblAmt>\
        <DscntApldAmt><Tp><Cd>APDS</Cd></Tp><Amt Ccy='EUR'>2.00</Amt></DscntApldAmt>\
        <AdjstmntAmtAndRsn><Amt Ccy='EUR'>7.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Rsn>DAMAGED</Rsn></AdjstmntAmtAndRsn>\
        <AdjstmntAmtAndRsn><Amt Ccy='EUR'>0.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Rsn>ROUND</Rsn></AdjstmntAmtAndRsn>\
        <RmtdAmt Ccy='EUR'>91.00</RmtdAmt></RfrdDocAmt></Strd>\
        <Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>CREN</Cd></CdOrPrtry></Tp><Nb>CM-1</Nb></RfrdDocInf>\
        <RfrdDocAmt><RmtdAmt Ccy='EUR'>11.00</RmtdAmt></RfrdDocAmt></Strd></RmtInf></TxDtls>";
    let simple =
        "<TxDtls><RmtInf><Strd><RfrdDocInf><Nb>INV-2</Nb></RfrdDocInf></Strd></RmtInf></TxDtls>";
    let mut one = Entry::credit("80.00", details);
    one.more = "<AcctSvcrRef>R1</AcctSvcrRef>".to_owned();
    let mut two = Entry::credit("19.90", simple);
    two.more = "<AcctSvcrRef>R2</AcctSvcrRef>".to_owned();
    let text = message("053", &format!("{}{}", one.xml(), two.xml()));
    // The same statement comes again under another name.
    desk.file("bank/s.xml", &text);
    desk.file("bank/t.xml", &text);
    let pulled = pulled(&desk, "remittances").await;
    let rows: Vec<_> = pulled
        .of(Entity::Remittances)
        .map(|row| {
            let decimal = |name| row.decimal(name).map(|value| value.to_string());
            (
                row.text("payment_id").unwrap(),
                row.text("invoice_number").unwrap(),
                decimal("amount").unwrap(),
                decimal("deduction_amount"),
                row.text("reason_code"),
            )
        })
        .collect();
    let amount = |text: &str| text.to_owned();
    assert_eq!(
        rows,
        [
            (
                "DE1:R1",
                "INV-1",
                amount("91"),
                Some(amount("2")),
                Some("APDS")
            ),
            (
                "DE1:R1",
                "INV-1",
                amount("0"),
                Some(amount("7.5")),
                Some("DAMAGED")
            ),
            (
                "DE1:R1",
                "INV-1",
                amount("0"),
                Some(amount("-0.5")),
                Some("ROUND")
            ),
            ("DE1:R1", "CM-1", amount("-11"), None, None),
            ("DE1:R2", "INV-2", amount("19.9"), None, None),
        ]
    );
}

#[tokio::test]
async fn a_deduction_without_an_amount_is_kept_aside() {
    // Goal: an amount that is not there is never nothing. Method: an adjustment without one.
    let desk = Desk::new();
    let details = "<TxDtls><RmtInf><Strd><RfrdDocInf><Nb>INV-1</Nb></RfrdDocInf><RfrdDocAmt>\
        <AdjstmntAmtAndRsn><CdtDbtInd>DBIT</CdtDbtInd><Rsn>DAMAGED</Rsn></AdjstmntAmtAndRsn>\
        <RmtdAmt Ccy='EUR'>91.00</RmtdAmt></RfrdDocAmt></Strd></RmtInf></TxDtls>";
    let mut one = Entry::credit("91.00", details);
    one.more = "<AcctSvcrRef>R1</AcctSvcrRef>".to_owned();
    desk.file("bank/s.xml", message("053", &one.xml()));
    let pulled = pulled(&desk, "remittances").await;
    let refused: Vec<_> = pulled
        .rejects
        .iter()
        .map(|one| (one.field.as_str(), one.text.as_deref()))
        .collect();
    assert_eq!(refused, [("deduction_amount", Some("no amount"))]);
    assert_eq!(pulled.ids(Entity::Remittances).len(), 0);
}

#[tokio::test]
async fn what_is_no_statement_fails_the_source() {
    // Goal: the error names the file and the place in it. Method: other XML, a message without a
    // statement, one that ends, an entry without a direction, a document type, another entity.
    let desk = Desk::new();
    let whole = message("053", &Entry::credit("1", "").xml());
    let cases = [
        (
            "<html></html>".to_owned(),
            "its outermost element is `html`",
        ),
        (
            "<Document><CstmrCdtTrfInitn/></Document>".to_owned(),
            "`CstmrCdtTrfInitn`",
        ),
        (
            "<Document><BkToCstmrStmt><GrpHdr/></BkToCstmrStmt></Document>".to_owned(),
            "it holds no statement",
        ),
        (
            whole
                .replace("</BkToCstmrStmt></Document>", "")
                .replace("</Stmt>", ""),
            "ends in the middle",
        ),
        (
            whole.replace("CdtDbtInd", "Direction"),
            "the entry (`Ntry`) at line 5 has no `CdtDbtInd`",
        ),
        (
            whole.replace("<Document ", "<!DOCTYPE a><Document "),
            "document type",
        ),
        (
            whole.replace("UTF-8", "KOI-9"),
            "its encoding is KOI-9, which is not known",
        ),
        ("nothing".to_owned(), "it has no element"),
    ];
    for (text, expected) in cases {
        desk.file("bank/s.xml", &text);
        let failure = desk.pull(&config(""), "payments").await.err().unwrap();
        let told = format!("{} {}", failure.code(), failure.report());
        assert!(
            told.contains("XF-S019") && told.contains("s.xml") && told.contains(expected),
            "{expected}: {told}"
        );
    }
    desk.file("bank/s.xml", whole);
    let mut other = config("");
    other.files = toml::from_str("invoices = 'bank/*'").unwrap();
    let failure = desk.pull(&other, "invoices").await.err().unwrap();
    assert!(
        failure
            .report()
            .contains("payments and remittances, not as invoices"),
        "{}",
        failure.report()
    );
}

/// A summary that counts two credits and a debit, of 100 and 25.5.
const SUMMARY: &str = "<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries><Sum>125.50</Sum></TtlNtries>\
    <TtlCdtNtries><NbOfNtries>2</NbOfNtries><Sum>100</Sum></TtlCdtNtries>\
    <TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>25.5</Sum></TtlDbtNtries></TxsSummry>";

#[tokio::test]
async fn a_statement_ties_with_its_own_totals() {
    // Goal: a statement that lost an entry, or holds another amount, lands what it has and says that
    // it is not whole; nothing is taken for gone. Method: one that ties, each way in which one may
    // not, and a page of several, whose totals are of all pages.
    let debit = Entry {
        direction: "DBIT",
        ..Entry::credit("25.50", "")
    };
    let whole = |first: &'static str| {
        let entries = [
            Entry::credit(first, "").xml(),
            Entry::credit("40.00", "").xml(),
            debit.xml(),
        ];
        message("053", &format!("{SUMMARY}{}", entries.concat()))
    };
    let page =
        "<GrpHdr><MsgId>M</MsgId><MsgPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd></MsgPgntn>";
    let lost = message(
        "053",
        &format!("{SUMMARY}{}{}", Entry::credit("60", "").xml(), debit.xml()),
    );
    for (text, came, told) in [
        (whole("60.00"), 2, None),
        (
            whole("61.00"),
            2,
            Some("says that its entries add up to 125.5, and they add up to 126.5"),
        ),
        (lost.clone(), 1, Some("says it has 3 entries, and 2 came")),
        (lost.replace("<GrpHdr><MsgId>M</MsgId>", page), 1, None),
    ] {
        let desk = Desk::new();
        desk.file("bank/a.xml", text);
        let pulled = pulled(&desk, "payments").await;
        assert_eq!(pulled.ids(Entity::Payments).len(), came);
        assert_eq!(pulled.report.full_sweeps.is_empty(), told.is_some());
        match (&pulled.report.seal, told) {
            (Seal::Sealed, None) => {}
            (Seal::Unsealed(why), Some(told)) => {
                let place = "bank/a.xml: statement 1 (of DE1) ";
                assert!(why.starts_with(place) && why.contains(told), "{why}");
            }
            (seal, told) => panic!("{told:?}: {seal:?}"),
        }
    }
}

#[tokio::test]
async fn statements_in_older_encodings_read_alike() {
    // Goal: a name is the same from every encoding, and a file that is in none says so. Method: one
    // statement in five encodings, and one whose encoding nobody knows.
    let text = message("053", &Entry::credit("5", DETAILS).xml()).replace(
        "Acme &amp; Co",
        "Müller & Søn".replace('&', "&amp;").as_str(),
    );
    let labelled = |label: &str| text.replace("UTF-8", label);
    let single = |label: &str| -> Vec<u8> {
        let bytes = labelled(label);
        bytes
            .chars()
            .map(|letter| u8::try_from(u32::from(letter)).unwrap())
            .collect()
    };
    let wide = |text: String, to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    };
    let marked = format!("\u{feff}{}", labelled("UTF-16"));
    for bytes in [
        text.clone().into_bytes(),
        single("ISO-8859-1"),
        single("iso-8859-15"),
        single("windows-1252"),
        wide(marked.clone(), u16::to_le_bytes),
        wide(marked, u16::to_be_bytes),
    ] {
        let desk = Desk::new();
        desk.file("bank/a.txt", bytes);
        let pulled = pulled(&desk, "payments").await;
        let payment = pulled.of(Entity::Payments).next().unwrap();
        let raw: serde_json::Value = serde_json::from_str(payment.raw.as_deref().unwrap()).unwrap();
        assert_eq!(raw["payer_name"], "Müller & Søn");
    }
    let desk = Desk::new();
    desk.file("bank/a.xml", labelled("EBCDIC-XY"));
    let report = desk
        .pull(&config(""), "payments")
        .await
        .err()
        .unwrap()
        .report();
    assert!(
        report.contains("XF-S019") && report.contains("EBCDIC-XY"),
        "{report}"
    );
}
