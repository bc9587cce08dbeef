//! The verb: everything together, as a user starts it.

use crate::support::cli::Workspace;

/// Goal: the demo finds exactly what was planted, over three nights and for more than one company.
/// Method: run the verb for two seeds, twice in the same folder for one of them.
#[test]
fn the_demo_finds_exactly_what_was_planted() {
    let workspace = Workspace::new("", "2026-10-01T00:00:00Z");
    for seed in ["2026", "7", "7"] {
        let told = workspace
            .run(&["demo", "--dir", "demo", "--seed", seed, "--json"])
            .expect(0)
            .json();
        assert_eq!(told["missed"], 0, "seed {seed}: {told}");
        assert_eq!(told["false"], 0, "seed {seed}: {told}");
        assert_eq!(told["planted"], told["found"], "seed {seed}: {told}");
        assert!(
            told["planted"].as_u64().unwrap() > 30,
            "seed {seed}: {told}"
        );
        let mails = std::fs::read_dir(workspace.path().join("demo/var/mail")).unwrap();
        assert!(mails.count() >= 3);
    }
}

/// Goal: a folder with somebody's files is never written to. Method: name one.
#[test]
fn a_strange_folder_is_refused() {
    let workspace = Workspace::new("", "2026-10-01T00:00:00Z");
    workspace.write("mine/thesis.txt", "years of work");
    let ran = workspace.run(&["demo", "--dir", "mine"]).expect(1);
    assert!(ran.stderr.contains("XF-K008"), "{}", ran.stderr);
    assert_eq!(
        std::fs::read_dir(workspace.path().join("mine"))
            .unwrap()
            .count(),
        1
    );
}
