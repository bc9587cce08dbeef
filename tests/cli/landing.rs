//! The landing over the years, by the command line: merged, asked about, let go, encrypted, and kept
//! apart from a store that is not its own.

use crate::support::cli::Workspace;

const CONFIG: &str = r#"
[company]
name = "Northwind"
timezone = "UTC"
currency = "USD"

[landing]
MORE

[source.billing]
connector = "files"
role = "billing"
files = { accounts = "accounts.jsonl", invoices = "invoices.csv" }
SOURCE

[job.nightly]
schedule = "30 1 * * *"
sync = "all"
"#;

fn workspace(landing: &str, source: &str) -> Workspace {
    let config = CONFIG.replace("MORE", landing).replace("SOURCE", source);
    let workspace = Workspace::new(&config, "2026-10-01T06:00:00Z");
    accounts(&workspace, "\"name\":\"Acme\",\"email\":\"a@acme.example\"");
    workspace
}

fn accounts(workspace: &Workspace, fields: &str) {
    let lines: Vec<String> = (0..9)
        .map(|n| format!("{{\"id\":\"b{n}\",{fields}}}\n"))
        .collect();
    workspace.write("accounts.jsonl", &lines.concat());
}

/// One night: an invoice that stays, and one whose total is the night's number.
fn night(workspace: &mut Workspace, day: u32, verb: &[&str]) -> crate::support::cli::Ran {
    workspace.set_now(&format!("2026-10-{day:02}T06:00:00Z"));
    workspace.write(
        "invoices.csv",
        &format!(
            "id,number,account_id,issued_on,currency,total\n\
             i1,N-1,b1,2026-10-01,USD,100.00\ni2,N-2,b1,2026-10-01,USD,{day}.10\n"
        ),
    );
    workspace.run(verb)
}

fn total(workspace: &Workspace, as_of: &str) -> String {
    let sql = "select sum(total) as total from invoices";
    let answer = workspace.run(&["landing", "query", sql, "--format", "csv", "--as-of", as_of]);
    answer.expect(0).stdout
}

// Goal: nights are merged by themselves and by hand, and every question of the past has the same
// answer before and after; the bytes go a day later, and nothing else does. Method: twelve nights.
#[test]
fn nights_are_merged_and_the_past_stays() {
    let mut workspace = workspace("compact_after = 5", "");
    for day in 1..=4 {
        night(&mut workspace, day, &["sync"]).expect(0);
    }
    let before: Vec<String> = (1..=4)
        .map(|day| total(&workspace, &format!("2026-10-0{day}T12:00:00Z")))
        .collect();
    assert!(before[2].contains("103.1"), "{before:?}");
    let ran = night(&mut workspace, 5, &["run", "nightly", "--json"])
        .expect(0)
        .json();
    assert_eq!(ran["landing"]["compaction"]["files_before"], 5, "{ran}");
    assert_eq!(ran["landing"]["compaction"]["files_after"], 1);
    let after: Vec<String> = (1..=4)
        .map(|day| total(&workspace, &format!("2026-10-0{day}T12:00:00Z")))
        .collect();
    assert_eq!(before, after);
    let list = workspace
        .run(&["landing", "list", "--json", "--entity", "invoices"])
        .expect(0);
    let list = list.json();
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    assert_eq!(
        (&list[0]["rows"], &list[0]["first_extracted_at"]),
        (&6.into(), &"2026-10-01T06:00:00Z".into())
    );

    night(&mut workspace, 6, &["sync"]).expect(0);
    let dry = workspace
        .run(&["landing", "compact", "--dry-run"])
        .expect(0)
        .stdout;
    assert!(dry.contains("2 files with 7 rows"), "{dry}");
    let old = ["landing", "compact", "--older-than", "30d"];
    assert!(
        workspace
            .run(&old)
            .expect(0)
            .stdout
            .contains("nothing to merge")
    );
    let merged = workspace
        .run(&["landing", "compact", "--entity", "invoices"])
        .expect(0)
        .stdout;
    assert!(merged.contains("2 files merged into 1: 7 rows"), "{merged}");
    let again = workspace.run(&["landing", "compact"]).expect(0).stdout;
    assert!(again.contains("nothing to merge"), "{again}");
    workspace.run(&["landing", "verify"]).expect(0);

    let versions = "select count(*) as n from invoices_versions";
    let count = workspace
        .run(&["landing", "query", versions])
        .expect(0)
        .stdout;
    assert!(count.contains('7'), "{count}");
    let early = workspace.run(&["landing", "gc"]).expect(0).stdout;
    assert!(early.contains("2 replaced files stay until"), "{early}");
    workspace.set_now("2026-10-08T07:00:00Z");
    let dry = workspace
        .run(&["landing", "gc", "--dry-run"])
        .expect(0)
        .stdout;
    assert!(
        dry.contains("would be removed") && dry.contains("(replaced)"),
        "{dry}"
    );
    workspace.run(&["landing", "gc"]).expect(0);
    let nothing = workspace.run(&["landing", "gc"]).expect(0).stdout;
    assert!(nothing.contains("0 files removed"), "{nothing}");
    assert_eq!(total(&workspace, "2026-10-03T12:00:00Z"), before[2]);
    workspace.run(&["landing", "verify"]).expect(0);
}

// Goal: a question says what is wrong with it, changes nothing, and knows customers and products.
// Method: a typo, a write, and the functions.
#[test]
fn questions_are_answered_or_refused_in_words() {
    let mut workspace = workspace("", "");
    night(&mut workspace, 1, &["sync"]).expect(0);
    let typo = workspace
        .run(&["landing", "query", "select totl from invoices"])
        .expect(2);
    assert!(typo.stderr.contains("Did you mean"), "{}", typo.stderr);
    assert!(!typo.stderr.contains("Valid fields"), "{}", typo.stderr);
    workspace
        .run(&["landing", "query", "drop view invoices"])
        .expect(2);
    let sql = "select golden_account(source, account_id) as customer, canonical_sku(source, 'A') as \
               sku, total from invoices order by id";
    let rows = workspace
        .run(&["landing", "query", sql, "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(rows.as_array().unwrap().len(), 2, "{rows}");
    assert_eq!(rows[0]["sku"], "A");
}

// Goal: a key makes files unreadable without it, and a lost key is told in words. Method: a night in
// the clear, one under a key, and one without the key.
#[test]
fn an_encrypted_landing_needs_its_key() {
    let landing = "encryption_key = { file = \"key\" }";
    let mut workspace = workspace(landing, "");
    let key = workspace.write("key", "not a key");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let wrong = night(&mut workspace, 1, &["sync"]).expect(1);
    assert!(wrong.stderr.contains("XF-L013"), "{}", wrong.stderr);
    std::fs::write(&key, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
    night(&mut workspace, 1, &["sync"]).expect(0);
    night(&mut workspace, 2, &["sync"]).expect(0);
    assert!(total(&workspace, "2026-10-02T12:00:00Z").contains("102.1"));
    workspace.run(&["landing", "compact"]).expect(0);
    workspace.run(&["landing", "verify"]).expect(0);
    assert!(total(&workspace, "2026-10-01T12:00:00Z").contains("101.1"));
    std::fs::write(&key, "//////////////////////////////////////////8=").unwrap();
    let lost = workspace.run(&["landing", "verify"]).expect(1);
    assert!(
        lost.stdout.contains("is encrypted by key"),
        "{}",
        lost.stdout
    );
    let lost = workspace.run(&["kpi", "--period", "2026-10"]).expect(1);
    assert!(lost.stderr.contains("XF-L014"), "{}", lost.stderr);
}

// Goal: a store that was lost beside a full landing is noticed, and can be made anew from it. Method:
// delete the file of the store; adopt; the next sync lands nothing new.
#[test]
fn a_lost_store_is_noticed_and_made_anew() {
    let mut workspace = workspace("", "");
    for day in 1..=3 {
        night(&mut workspace, day, &["sync"]).expect(0);
    }
    workspace.run(&["landing", "compact"]).expect(0);
    let before = total(&workspace, "2026-10-02T12:00:00Z");
    for name in ["crossfoot.db", "crossfoot.db-wal", "crossfoot.db-shm"] {
        drop(std::fs::remove_file(
            workspace.path().join("var").join(name),
        ));
    }
    let refused = workspace.run(&["sync"]).expect(1);
    assert!(refused.stderr.contains("XF-L017"), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("crossfoot store adopt"),
        "{}",
        refused.stderr
    );
    let refused = workspace.run(&["status"]).expect(1);
    assert!(refused.stderr.contains("XF-L017"), "{}", refused.stderr);
    let adopted = workspace
        .run(&["store", "adopt", "--json"])
        .expect(0)
        .json();
    assert_eq!(adopted["rows"], 4 + 9, "{adopted}");
    assert_eq!(total(&workspace, "2026-10-02T12:00:00Z"), before);
    workspace.run(&["landing", "verify"]).expect(0);
    let again = workspace.run(&["sync", "--json"]).expect(0).json();
    assert_eq!(again[0]["landed"], 0, "{again}");
    assert_eq!(again[0]["unchanged"], 9, "{again}");
    workspace.run(&["store", "adopt"]).expect(1);
}

// Goal: a field that is read and vanishes is told, as the policy says; a new one is told once.
// Method: accounts lose their address and get a title.
#[test]
fn fields_that_vanish_are_told() {
    for (policy, code) in [("warn", 0), ("partial", 3), ("fail", 3)] {
        let mut workspace = workspace("", &format!("drift = \"{policy}\""));
        for day in 1..=2 {
            night(&mut workspace, day, &["sync"]).expect(0);
        }
        accounts(&workspace, "\"name\":\"Acme\",\"title\":\"Dr\"");
        let ran = night(&mut workspace, 3, &["sync", "--json"])
            .expect(code)
            .json();
        let told = ran[0].to_string();
        assert!(told.contains("column `email`"), "{policy}: {told}");
        assert_eq!(
            told.contains("accounts `title`"),
            policy != "fail",
            "{told}"
        );
        assert_eq!(ran[1]["state"], "ok", "the other stream goes on: {ran}");
        let again = workspace.run(&["sync", "--json"]).expect(code).json()[0].to_string();
        assert!(
            again.contains("column `email`") && !again.contains("new fields"),
            "{again}"
        );
    }
}

// Goal: what is old enough goes, the newest living version stays whatever its age, a hold keeps all,
// and a question about what is gone is refused. Method: two nights in 2026, and the year 2034.
#[test]
fn what_is_old_enough_is_let_go() {
    for held in [true, false] {
        let source = if held { "hold = true" } else { "" };
        let mut workspace = workspace("retention = \"7 years\"", source);
        for day in 1..=3 {
            night(&mut workspace, day, &["sync"]).expect(0);
        }
        workspace.set_now("2034-03-01T06:00:00Z");
        let dry = workspace
            .run(&["landing", "gc", "--dry-run", "--json"])
            .expect(0)
            .json();
        let expected = if held { 0 } else { 2 };
        assert_eq!(dry["retention"]["versions"], expected, "{dry}");
        workspace.run(&["landing", "gc"]).expect(0);
        let sql = "select count(*) as n, sum(total) as total from invoices_versions";
        let left = workspace
            .run(&["landing", "query", sql, "--format", "json"])
            .expect(0)
            .json();
        assert_eq!(left[0]["n"], 4 - expected, "{left}");
        assert!(total(&workspace, "2034-03-01T06:00:00Z").contains("103.1"));
        workspace.run(&["landing", "verify"]).expect(0);
        let trail = workspace.run(&["audit", "list", "--json"]).expect(0).stdout;
        assert_eq!(trail.contains("landing.retention"), !held, "{trail}");
        let past = ["landing", "query", sql, "--as-of", "2026-10-02T12:00:00Z"];
        let asked = workspace.run(&past).expect(i32::from(!held));
        assert_eq!(asked.stderr.contains("XF-L021"), !held, "{}", asked.stderr);
        workspace.run(&["landing", "gc"]).expect(0);
    }
}

/// The points of a merge at which a process can die.
#[cfg(feature = "crashpoints")]
const MERGE_POINTS: [&str; 5] = [
    "landing.after_tmp_write",
    "landing.after_rename",
    "landing.after_folder_sync",
    "jobs.before_replacement",
    "jobs.after_replacement",
];

/// Runs the program until it ends itself at a named point.
#[cfg(feature = "crashpoints")]
fn cut(workspace: &Workspace, point: &str, verb: &[&str]) {
    let mut command = workspace.command();
    let ended = command.args(verb).env("CROSSFOOT_CRASHPOINT", point);
    assert!(
        !ended.output().unwrap().status.success(),
        "{point} was not reached"
    );
}

// Goal: a power cut at any instant of a merge, or of the removal after it, changes no answer, and the
// next one comes to the same end. Method: the program ends itself at each named point. Built with the
// feature `crashpoints` only.
#[cfg(feature = "crashpoints")]
#[test]
fn a_power_cut_while_merging_changes_nothing() {
    for point in MERGE_POINTS.into_iter().chain(["jobs.before_forgetting"]) {
        let mut workspace = workspace("", "");
        for day in 1..=3 {
            night(&mut workspace, day, &["sync"]).expect(0);
        }
        let before = total(&workspace, "2026-10-02T12:00:00Z");
        if point == "jobs.before_forgetting" {
            workspace.run(&["landing", "compact"]).expect(0);
            workspace.set_now("2026-10-05T06:00:00Z");
            cut(&workspace, point, &["landing", "gc"]);
        } else {
            cut(&workspace, point, &["landing", "compact"]);
        }
        for _ in 0..2 {
            workspace.run(&["landing", "verify"]).expect(0);
            assert_eq!(total(&workspace, "2026-10-02T12:00:00Z"), before, "{point}");
            let versions = "select count(*) as n from invoices_versions";
            let count = workspace
                .run(&["landing", "query", versions])
                .expect(0)
                .stdout;
            assert!(count.contains('4'), "{point}: {count}");
            workspace.run(&["landing", "compact"]).expect(0);
        }
        workspace.set_now("2100-01-01T00:00:00Z");
        workspace.run(&["landing", "gc"]).expect(0);
        let list = workspace
            .run(&["landing", "list", "--json"])
            .expect(0)
            .json();
        assert_eq!(list.as_array().unwrap().len(), 2, "{point}: {list}");
        workspace.run(&["landing", "verify"]).expect(0);
    }
}

// Goal: a folder in which anybody could exchange the store is told, and used all the same, since a
// container's volume may be such a one. Method: open the folder to all.
#[test]
fn an_open_folder_is_told() {
    let mut workspace = workspace("", "");
    let closed = night(&mut workspace, 1, &["sync"]).expect(0);
    assert!(!closed.stderr.contains("chmod"), "{}", closed.stderr);
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(workspace.path().join("var"), open).unwrap();
    let told = night(&mut workspace, 2, &["sync"]).expect(0);
    assert!(told.stderr.contains("chmod o-w"), "{}", told.stderr);
}

/// One night: an invoice with a total, and one whose total is no number.
fn night_with_reject(workspace: &mut Workspace, day: u32, total: &str) {
    workspace.set_now(&format!("2026-10-{day:02}T06:00:00Z"));
    workspace.write(
        "invoices.csv",
        &format!(
            "id,number,account_id,issued_on,currency,total\n\
             i1,N-1,b1,2026-10-01,USD,{total}\nbad,N-2,b1,2026-10-01,USD,{day}x\n"
        ),
    );
    workspace.run(&["sync"]).expect(3);
}

// Goal: pulling alone keeps the landing in order too, the quarantine with it, and no reject is lost.
// Method: nights of a row that does not fit, by `sync` and nothing else.
#[test]
fn pulling_alone_merges() {
    let mut workspace = workspace("compact_after = 3", "");
    for day in 1..=4 {
        night_with_reject(&mut workspace, day, &format!("{day}.00"));
    }
    let list = |arguments: &[&str]| {
        let all = [
            &["landing", "list", "--json", "--entity", "invoices"],
            arguments,
        ]
        .concat();
        workspace.run(&all).expect(0).json()
    };
    let records = list(&[]);
    assert!(records.as_array().unwrap().len() < 3, "{records}");
    let quarantine = list(&["--quarantine"]);
    let files = quarantine.as_array().unwrap();
    assert!(files.len() < 3, "{quarantine}");
    let texts: Vec<&str> = files
        .iter()
        .flat_map(|file| file["rejects"].as_array().unwrap())
        .map(|reject| reject["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["1x", "2x", "3x", "4x"], "{quarantine}");
    let shown = workspace
        .run(&["landing", "list", "--quarantine"])
        .expect(0)
        .stdout;
    let at = |text: &str| shown.find(text).unwrap();
    assert!(at(" 4x") < at(" 3x") && at(" 3x") < at(" 1x"), "{shown}");
    workspace.run(&["landing", "verify"]).expect(0);
}

// Goal: no reject is lost or doubled by a power cut while the quarantine is merged. Method: three nights
// of a row that does not fit and of nothing else that is new; the program ends itself at each named
// point of the merge, and merges again.
#[cfg(feature = "crashpoints")]
#[test]
fn a_power_cut_while_merging_the_quarantine_loses_no_reject() {
    for point in MERGE_POINTS {
        let mut workspace = workspace("compact_after = 0", "");
        for day in 1..=3 {
            night_with_reject(&mut workspace, day, "1.00");
        }
        let texts = |workspace: &Workspace| -> Vec<String> {
            let listed = ["landing", "list", "--quarantine", "--json"];
            let files = workspace.run(&listed).expect(0).json();
            let rejects = files.as_array().unwrap().iter();
            let rejects = rejects.flat_map(|file| file["rejects"].as_array().unwrap());
            let mut texts: Vec<String> = rejects
                .map(|reject| reject["text"].as_str().unwrap().to_owned())
                .collect();
            texts.sort();
            texts
        };
        assert_eq!(texts(&workspace), ["1x", "2x", "3x"]);
        cut(&workspace, point, &["landing", "compact"]);
        for _ in 0..2 {
            workspace.run(&["landing", "verify"]).expect(0);
            assert_eq!(texts(&workspace), ["1x", "2x", "3x"], "{point}");
            workspace.run(&["landing", "compact"]).expect(0);
        }
        let files = workspace
            .run(&["landing", "list", "--quarantine", "--json"])
            .expect(0)
            .json();
        assert_eq!(files.as_array().unwrap().len(), 1, "{point}: {files}");
    }
}
