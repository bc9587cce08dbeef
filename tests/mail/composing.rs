//! The mail, byte for byte.

use crossfoot::config::ReportKind;
use crossfoot::mail::{OutboundMail, compose};
use crossfoot::report::render;
use crossfoot::store::MailState;

use super::{envelope, mail, sample};

fn head_of(eml: &[u8]) -> String {
    let text = String::from_utf8(eml.to_vec()).unwrap();
    text.split_once("\r\n\r\n").unwrap().0.replace("\r\n ", " ")
}

/// Goal: each header is there once and says what the contract says. Method: count the names, compare
/// the values.
#[test]
fn headers_are_there_once() {
    let mail = mail();
    let head = head_of(&mail.eml);
    for (name, value) in [
        ("From", "\"Finance reports\" <reports@northwind.example>"),
        ("Reply-To", "finance@northwind.example"),
        ("To", "cfo@northwind.example"),
        (
            "Subject",
            "[crossfoot] Discrepancy rate Mar 2026: 1.85 % (-0.41 pp) - North",
        ),
        ("Date", "Wed, 01 Apr 2026 11:00:00 +0000"),
        ("Message-ID", mail.message_id.as_str()),
        ("MIME-Version", "1.0"),
        ("X-Crossfoot-Kind", "report"),
        ("X-Crossfoot-Key", "discrepancy-rate/north/2026-03/1"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
    ] {
        let lines: Vec<&str> = head
            .lines()
            .filter(|line| {
                line.to_ascii_lowercase()
                    .starts_with(&format!("{}:", name.to_ascii_lowercase()))
            })
            .collect();
        assert_eq!(lines, [format!("{name}: {value}")], "{head}");
    }
    assert_eq!(
        mail.mail_key,
        "discrepancy-rate/north/2026-03/1/cfo@northwind.example"
    );
    assert_eq!((mail.state, mail.attempt_count), (MailState::Pending, 0));
}

/// Goal: the parts lie in one another as mail programs expect. Method: the order of the media types,
/// and a content id for every picture that the HTML names.
#[test]
fn parts_lie_in_one_another() {
    let text = String::from_utf8(mail().eml).unwrap();
    let types: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("Content-Type: "))
        .map(|line| line.split(';').next().unwrap().trim())
        .collect();
    assert_eq!(
        types,
        [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png",
            "image/png",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ]
    );
    assert!(text.contains("Content-ID: <rate-trend>"));
    assert!(text.contains("Content-ID: <kinds-by-period>"));
    assert!(text.is_ascii());
    assert!(
        text.split("\r\n")
            .all(|line| line.len() <= 998 && !line.contains(['\r', '\n']))
    );
}

/// Goal: the same report and envelope give the same bytes; another version, recipient or period
/// another `Message-ID`. Method: compose twice, then with one thing changed.
#[test]
fn bytes_and_ids_are_stable() {
    let rendered = render(&sample::input(ReportKind::ResolutionTime)).unwrap();
    let first = compose(&rendered, &envelope()).unwrap();
    assert_eq!(first, compose(&rendered, &envelope()).unwrap());
    let mut later = envelope();
    later.at = sample::instant("2026-04-02T11:00:00Z");
    assert_eq!(
        first.message_id,
        compose(&rendered, &later).unwrap().message_id
    );
    let mut version = envelope();
    version.version = 2;
    let mut recipient = envelope();
    recipient.to = "controller@northwind.example".to_owned();
    let mut period = envelope();
    period.period = "2026-02".to_owned();
    for other in [version, recipient, period] {
        let other = compose(&rendered, &other).unwrap();
        assert_ne!(first.message_id, other.message_id);
        assert_ne!(first.mail_key, other.mail_key);
    }
}

/// Goal: nothing in a name makes a header. Method: line ends of every kind in subject, scope, sender
/// and file name; the head has the same header names as ever, and a key with them is refused.
#[test]
fn line_ends_make_no_headers() {
    let mut rendered = render(&sample::input(ReportKind::ResolutionTime)).unwrap();
    let names = |eml: &[u8]| -> Vec<String> {
        head_of(eml)
            .lines()
            .map(|line| line.split(':').next().unwrap().to_owned())
            .collect()
    };
    let usual = names(&compose(&rendered, &envelope()).unwrap().eml);
    for end in ["\r\n", "\n", "\r", "\u{2028}", "\u{85}"] {
        rendered.subject = format!("hello{end}Bcc: everyone@evil.example{end}{end}body");
        if let Some(sheet) = &mut rendered.sheet {
            sheet.file_name = format!("a{end}X-Evil: 1\"; b.xlsx");
        }
        let mail = compose(&rendered, &envelope()).unwrap();
        assert_eq!(names(&mail.eml), usual, "{end:?}");
        let text = String::from_utf8(mail.eml).unwrap();
        assert!(
            !text
                .lines()
                .any(|line| line.starts_with("X-Evil") || line.starts_with("Bcc"))
        );
    }
    for broken in ["a/b", "a\r\nb", "", "\u{0}"] {
        let mut scope = envelope();
        scope.scope = broken.to_owned();
        assert_eq!(compose(&rendered, &scope).unwrap_err().code(), "XF-M004");
    }
    let mut to = envelope();
    to.to = "cfo@northwind.example\r\nBcc: x@evil.example".to_owned();
    assert_eq!(compose(&rendered, &to).unwrap_err().code(), "XF-M002");
}

/// Goal: names of every script survive in sender and subject. Method: UTF-8 is encoded to ASCII, and
/// a domain of another script to its ASCII form.
#[test]
fn other_scripts_are_encoded() {
    let mut rendered = render(&sample::input(ReportKind::ResolutionTime)).unwrap();
    rendered.subject = "Resolution time – Zürich 東京".to_owned();
    let mut other = envelope();
    other.from = "Finanzbüro <reports@northwind.example>".to_owned();
    other.to = "chef@münchen.example".to_owned();
    let mail = compose(&rendered, &other).unwrap();
    assert!(mail.eml.is_ascii());
    assert_eq!(mail.recipient, "chef@xn--mnchen-3ya.example");
    let head = head_of(&mail.eml);
    assert!(head.contains("=?utf-8?"), "{head}");
    let outbound = OutboundMail::new(&rendered, &other).unwrap();
    assert_eq!(outbound.mail_key(), mail.mail_key);
}
