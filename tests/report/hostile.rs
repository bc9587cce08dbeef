//! Names that want to be more than names.

use crossfoot::config::ReportKind;
use crossfoot::report::render;
use proptest::prelude::*;

use super::sample;

const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "</td></tr></table><img src=x onerror=alert(1)>",
    "Acme\r\nBcc: everyone@evil.example",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "\u{202e}dlrow olleh",
    "a\u{0}b\u{1b}[2Jc\u{9b}d",
    "{{ 7 * 7 }}{% for x in range(1000000) %}x{% endfor %}",
    "<!--[if mso]><script>x</script><![endif]-->",
    "</style><style>*{display:none}",
    "javascript:alert(1)",
];

/// Goal: no name leaves its cell. Method: every text of the input is hostile in turn; the HTML may
/// hold no tag, control or bidi character of theirs, the text no line that they began, and the
/// subject none of them at all.
#[test]
fn hostile_names_are_only_names() {
    for kind in ReportKind::ALL {
        for hostile in HOSTILE {
            let mut input = sample::input(*kind);
            for item in &mut input.discrepancies {
                item.account_name = (*hostile).to_owned();
                item.sku = (*hostile).to_owned();
                item.owner = Some((*hostile).to_owned());
            }
            for line in &mut input.open_invoices {
                line.account_name = (*hostile).to_owned();
                line.number = (*hostile).to_owned();
            }
            for case in &mut input.cases {
                case.state = (*hostile).to_owned();
                case.action = (*hostile).to_owned();
            }
            input.kpi.freshness[0].reason = Some((*hostile).to_owned());
            input.scope = (*hostile).to_owned();
            let rendered = render(&input).unwrap();
            for tag in [
                "<script",
                "<img src=x",
                "</style><style",
                "onerror=alert(1)>",
                "<!--[if",
            ] {
                assert!(!rendered.html.contains(tag), "{tag} by {hostile}");
            }
            assert!(!rendered.text.lines().any(|line| line.starts_with("Bcc:")));
            for part in [&rendered.html, &rendered.text, &rendered.subject] {
                let bad = part.chars().find(|letter| {
                    (letter.is_control() && *letter != '\n')
                        || ('\u{202a}'..='\u{202e}').contains(letter)
                });
                assert_eq!(bad, None, "{kind:?} {hostile:?}");
            }
            assert!(!rendered.subject.contains('\n'));
            assert!(
                !rendered.html.contains("49"),
                "templates in names are not filled"
            );
        }
    }
}

/// Goal: a name of 100 kB changes neither size nor speed much. Method: give it to every item.
#[test]
fn enormous_names_are_cut() {
    let mut input = sample::input(ReportKind::DiscrepancyRate);
    for item in &mut input.discrepancies {
        item.account_name = "W".repeat(100_000);
        item.sku = "&".repeat(100_000);
    }
    let rendered = render(&input).unwrap();
    assert!(rendered.html.len() < 80_000, "{}", rendered.html.len());
    assert!(rendered.text.contains('…'));
    let sheet = rendered.sheet.unwrap().bytes;
    assert!(sheet.len() < 1_000_000, "{}", sheet.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Goal: no text at all makes rendering fail or break its budget. Method: random names, scopes
    /// and banners.
    #[test]
    fn any_text_renders(name in "\\PC{0,80}|(?s).{0,40}", scope in "(?s).{0,60}", banner in "(?s).{0,400}") {
        let mut input = sample::without_billing(sample::input(ReportKind::DiscrepancyRate));
        input.scope = scope;
        input.kpi.banner.text = banner;
        input.attachments = false;
        for item in &mut input.discrepancies {
            item.account_name.clone_from(&name);
        }
        let rendered = render(&input).unwrap();
        prop_assert!(rendered.html.len() < 80_000);
        prop_assert!(rendered.subject.chars().count() <= 70);
        prop_assert!(!rendered.subject.chars().any(char::is_control));
    }
}
