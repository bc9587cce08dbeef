//! Bad input gets a clear error, the right exit code, and loses nothing.

use std::os::unix::fs::PermissionsExt;

use crate::support::cli::{Ran, Workspace};

const NOW: &str = "2026-11-21T06:00:00Z";

const COMPANY: &str = r#"
[company]
name = "Northwind"
timezone = "UTC"
currency = "USD"
"#;

const INVOICES: &str = "id,number,account_id,issued_on,due_on,currency,total\n\
                        i1,1,a1,2026-10-01,2026-10-31,USD,100.00\n";

fn ledger(files: &str) -> String {
    format!(
        "{COMPANY}\n[source.ledger]\nconnector = \"files\"\nrole = \"billing\"\nfiles = {{ {files} }}\n"
    )
}

/// Asserts that everything in `parts` was said on standard error.
#[track_caller]
fn says(ran: &Ran, parts: &[&str]) {
    for part in parts {
        assert!(
            ran.stderr.contains(part),
            "`{part}` is missing in:\n{}",
            ran.stderr
        );
    }
}

/// Goal: a typo in the configuration is exit 2, with the place and the nearest known key.
#[test]
fn a_configuration_typo_is_named_with_its_place() {
    let workspace = Workspace::new(&format!("{COMPANY}\n[stor]\nurl = \"sqlite:x.db\"\n"), NOW);
    let ran = workspace.run(&["check"]).expect(2);
    says(
        &ran,
        &[
            "error[XF-K003]",
            "crossfoot.toml:7:2",
            "did you mean `store`?",
            "retry:",
            "hint:",
        ],
    );
    assert!(
        !workspace.path().join("var").exists(),
        "nothing may be created"
    );
}

/// Goal: no configuration at all is exit 2 and says where it was looked for.
#[test]
fn a_missing_configuration_is_said() {
    let workspace = Workspace::new(COMPANY, NOW);
    let ran = workspace
        .run(&["--config", "other.toml", "status"])
        .expect(2);
    says(&ran, &["error[XF-K001]", "other.toml", "crossfoot init"]);
}

/// Goal: a glob that matches no file fails its source, names it, and the run goes on (exit 3).
#[test]
fn a_missing_file_fails_its_source_alone() {
    let workspace = Workspace::new(
        &ledger("invoices = \"in.csv\", payments = \"none-*.csv\""),
        NOW,
    );
    workspace.write("in.csv", INVOICES);
    let ran = workspace.run(&["sync"]).expect(3);
    says(&ran, &["error[XF-S", "none-*.csv", "ledger", "hint:"]);
    let landed = workspace
        .run(&["landing", "query", "select count(*) as n from invoices"])
        .expect(0);
    assert!(landed.stdout.contains('1'), "{}", landed.stdout);
}

/// Goal: a header without a required column fails the pull, and what was landed before stays.
#[test]
fn a_bad_header_changes_nothing_that_was_landed() {
    let workspace = Workspace::new(&ledger("invoices = \"in.csv\""), NOW);
    workspace.write("in.csv", INVOICES);
    workspace.run(&["sync"]).expect(0);
    workspace.write(
        "in.csv",
        "id,numbr,account_id,issued_on,currency,total\ni2,2,a1,2026-10-01,USD,5\n",
    );
    let ran = workspace.run(&["sync"]).expect(3);
    says(&ran, &["error[XF-S", "in.csv", "number", "hint:"]);
    let landed = workspace
        .run(&["landing", "query", "select id from invoices"])
        .expect(0);
    assert!(
        landed.stdout.contains("i1") && !landed.stdout.contains("i2"),
        "{}",
        landed.stdout
    );
}

/// Goal: a row with a wrong type or an unknown currency is quarantined with field, text and reason;
/// its neighbours land; the source is partial.
#[test]
fn rows_that_do_not_fit_are_quarantined() {
    let workspace = Workspace::new(&ledger("invoices = \"in.csv\""), NOW);
    workspace.write(
        "in.csv",
        "id,number,account_id,issued_on,currency,total\n\
         i1,1,a1,2026-10-01,USD,100.00\n\
         i2,2,a1,2026-10-01,USD,\"1,234.56\"\n\
         i3,3,a1,2026-10-01,DEM,10.00\n\
         i4,4,a1,01/10/2026,USD,10.00\n\
         i5,5,a1,2026-10-01,USD,\n",
    );
    let pulls = workspace.run(&["sync", "--json"]).expect(3).json();
    assert_eq!(pulls[0]["state"], "partial");
    assert_eq!(pulls[0]["rejected"], 4);
    assert_eq!(pulls[0]["landed"], 1);
    let files = workspace
        .run(&["landing", "list", "--quarantine", "--json"])
        .expect(0)
        .json();
    assert_eq!(files[0]["rows"], 4);
    workspace.run(&["landing", "verify"]).expect(0);
}

/// Goal: an id that comes twice with other values loses neither of them: one lands, whichever stands
/// first, the other is quarantined with its raw text, and the source is partial; a plain repetition
/// is no fault. Method: a file with both, in both orders.
#[test]
fn an_id_with_two_contents_makes_its_source_partial() {
    let (first, second) = (
        "i1,1,a1,2026-10-01,USD,100.00\n",
        "i1,1,a1,2026-10-01,USD,175.00\n",
    );
    let other = "i2,2,a1,2026-10-01,USD,5.00\n";
    let landed = [[first, second], [second, first]].map(|rows| {
        let workspace = Workspace::new(&ledger("invoices = \"in.csv\""), NOW);
        let header = "id,number,account_id,issued_on,currency,total\n";
        let text = [header, rows[0], other, rows[1], other].concat();
        workspace.write("in.csv", &text);
        let pulls = workspace.run(&["sync", "--json"]).expect(3).json();
        assert_eq!(pulls[0]["state"], "partial");
        assert_eq!(
            (&pulls[0]["rejected"], &pulls[0]["landed"]),
            (&1.into(), &2.into())
        );
        let question = "select total from invoices where id = 'i1'";
        let query = ["landing", "query", question];
        let total = workspace.run(&query).expect(0).stdout;
        let quarantine = workspace
            .run(&["landing", "list", "--quarantine", "--json"])
            .expect(0)
            .json();
        assert_eq!(quarantine[0]["rows"], 1);
        let reject = &quarantine[0]["rejects"][0];
        assert_eq!(
            (&reject["id"], &reject["field"]),
            (&"i1".into(), &"id".into())
        );
        let told = [total.as_str(), reject["raw"].as_str().unwrap()].concat();
        assert!(told.contains("100") && told.contains("175"), "{told}");
        let shown = workspace
            .run(&["landing", "list", "--quarantine"])
            .expect(0);
        assert!(shown.stdout.contains("comes twice"), "{}", shown.stdout);
        workspace.run(&["landing", "verify"]).expect(0);
        // The same file again says the same, and lands nothing.
        let again = workspace.run(&["sync", "--json"]).expect(3).json();
        assert_eq!(
            (&again[0]["rejected"], &again[0]["landed"]),
            (&1.into(), &0.into())
        );
        total
    });
    assert_eq!(landed[0], landed[1]);
}

/// Goal: a folder that cannot be written is an error with the path, not a panic and not a loss.
#[test]
fn an_unwritable_folder_is_named() {
    let workspace = Workspace::new(
        &format!(
            "{}[landing]\nurl = \"file:sealed/landing\"\n",
            ledger("invoices = \"in.csv\"")
        ),
        NOW,
    );
    workspace.write("in.csv", INVOICES);
    // Root may write anywhere, so the folder's place is taken by a file.
    workspace.write("sealed", "a file\n");
    let ran = workspace.run(&["sync"]).expect(1);
    says(&ran, &["error[XF-L", "sealed", "hint:"]);
}

/// Goal: an SMTP server that cannot be reached loses no mail: it waits in the outbox.
#[test]
fn an_unreachable_mail_server_keeps_the_mail() {
    let port = {
        // Bound and let go again: nobody listens there.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let config = format!(
        "{}[mail]\nurl = \"smtp://127.0.0.1:{port}\"\nfrom = \"Reports <reports@northwind.example>\"\n\
         [report.collection-status]\nto = [\"cfo@northwind.example\"]\n",
        ledger("invoices = \"in.csv\"")
    );
    let workspace = Workspace::new(&config, NOW);
    workspace.write("in.csv", INVOICES);
    workspace.run(&["sync"]).expect(0);
    let ran = workspace
        .run(&[
            "report",
            "collection-status",
            "--period",
            "2026-10",
            "--send",
        ])
        .expect(1);
    says(&ran, &["mail: "]);
    let status = workspace.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["outbox"]["pending"], 1, "{status}");
}

/// Goal: plaintext SMTP to another host is refused before a byte is sent.
#[test]
fn plaintext_mail_to_another_host_is_refused() {
    let config = format!(
        "{COMPANY}[mail]\nurl = \"smtp://mail.northwind.example:25\"\nfrom = \"r@northwind.example\"\n"
    );
    let workspace = Workspace::new(&config, NOW);
    let ran = workspace.run(&["check"]).expect(2);
    says(&ran, &["error[XF-M", "mail.northwind.example", "hint:"]);
}

/// Goal: a secret file that others can read is refused, and its text is not shown.
#[test]
fn a_readable_secret_is_refused() {
    let config =
        format!("{COMPANY}[source.crm]\nconnector = \"hubspot\"\ntoken = {{ file = \"token\" }}\n");
    let workspace = Workspace::new(&config, NOW);
    let path = workspace.write("token", "pat-very-secret");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = workspace.run(&["check", "--offline"]);
    assert_ne!(ran.code, 0);
    says(&ran, &["can be read by others", "chmod 600"]);
    assert!(!ran.stderr.contains("pat-very-secret") && !ran.stdout.contains("pat-very-secret"));
}

/// Goal: names that do not exist are usage errors with the nearest one.
#[test]
fn wrong_names_are_usage_errors() {
    let workspace = Workspace::new(&ledger("invoices = \"in.csv\""), NOW);
    let ran = workspace.run(&["sync", "leger"]).expect(2);
    says(
        &ran,
        &["there is no source `leger`", "did you mean `ledger`?"],
    );
    workspace.run(&["run", "nightly"]).expect(2);
    workspace.run(&["kpi", "--period", "2026-13"]).expect(2);
    workspace.run(&["no-such-verb"]).expect(2);
}
