//! A power cut at any instant of a pull. Built with the feature `crashpoints` only.
#![cfg(feature = "crashpoints")]

use std::process::Command;

use crossfoot::landing::{Landing, PullContext};
use jiff::tz::TimeZone;

use super::world::{invoice, night, page};

/// Tells the child process where its landing is.
const ROOT: &str = "CROSSFOOT_CRASH_TEST_ROOT";

// Goal: whatever instant a pull is cut at, nothing is committed and everything it left is an orphan
// that goes. Method: this test again as a child process that aborts at the named point.
#[test]
fn a_power_cut_leaves_only_orphans() {
    if let Some(root) = std::env::var_os(ROOT) {
        pull_into(root.as_ref());
        return;
    }
    for point in [
        "landing.after_tmp_write",
        "landing.after_rename",
        "landing.after_folder_sync",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "landing::crash::a_power_cut_leaves_only_orphans"])
            .env(ROOT, folder.path())
            .env("CROSSFOOT_CRASHPOINT", point)
            .output()
            .unwrap()
            .status;
        assert!(!status.success(), "{point} was not reached");
        let landing = Landing::open(folder.path()).unwrap();
        let late = "2100-01-01T00:00:00Z".parse().unwrap();
        let grace = std::time::Duration::from_secs(60);
        let left = landing.orphans([], late, grace).unwrap();
        assert_eq!(left.len(), 2, "{point}");
        landing.remove_orphans(&left).unwrap();
        assert!(landing.orphans([], late, grace).unwrap().is_empty());
    }
}

fn pull_into(root: &std::path::Path) {
    let landing = Landing::open(root).unwrap();
    let context = PullContext {
        pull_id: "p".into(),
        run_id: "r".into(),
        source: "billing".into(),
        extracted_at: night(1),
        zone: TimeZone::UTC,
    };
    let mut writer = landing.begin(context, &[]).unwrap();
    let rows = [invoice("a", "2026-10-01", 1), invoice("b", "2026-09-01", 1)];
    writer.write(&page(&rows)).unwrap();
    writer.finish(&[]).unwrap();
}
