//! The unit files, checked by systemd's own tool where it is installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const UNITS: &[&str] = &["crossfoot.service", "crossfoot-backfill@.service"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd")
}

/// Runs `systemd-analyze`; `None` where it is not installed.
fn analyze(arguments: &[&str], unit: &Path) -> Option<Output> {
    Command::new("systemd-analyze")
        .args(arguments)
        .arg(unit)
        .output()
        .ok()
}

/// Goal: both units are closed to all that crossfoot does not need.
/// Method: the lines that carry it, in both; then systemd's own score, at most 1.5.
#[test]
fn units_are_hardened() {
    for unit in UNITS {
        let path = folder().join(unit);
        let text = fs::read_to_string(&path).unwrap();
        for line in [
            "User=crossfoot",
            "UMask=0077",
            "CapabilityBoundingSet=",
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "MemoryMax=4G",
            "LimitCORE=0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {unit}");
        }
        assert!(text.contains("IPAddressDeny=169.254.169.254"), "{unit}");
        let threshold = ["security", "--offline=yes", "--threshold=15", "--no-pager"];
        if let Some(output) = analyze(&threshold, &path) {
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stdout)
            );
        }
    }
}

/// Goal: systemd understands every line.
/// Method: verify copies whose program exists on any machine; no word from systemd is right.
#[test]
fn units_are_understood() {
    let copies = tempfile::tempdir().unwrap();
    for unit in UNITS {
        let text = fs::read_to_string(folder().join(unit)).unwrap();
        let copy = copies.path().join(unit);
        fs::write(&copy, text.replace("/usr/local/bin/crossfoot", "/bin/true")).unwrap();
        if let Some(output) = analyze(&["verify", "--man=no"], &copy) {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let ours: Vec<_> = said
                .lines()
                .filter(|line| line.contains("crossfoot"))
                .collect();
            assert!(output.status.success() && ours.is_empty(), "{said}");
        }
    }
}

/// Goal: the service and the daemon agree: it says when it is ready, and is watched.
/// Method: the lines of the unit.
#[test]
fn the_service_is_watched() {
    let text = fs::read_to_string(folder().join("crossfoot.service")).unwrap();
    for line in [
        "Type=notify",
        "WatchdogSec=60",
        "ExecStartPre=/usr/local/bin/crossfoot check --offline --config /etc/crossfoot/crossfoot.toml",
        "ExecStart=/usr/local/bin/crossfoot daemon --config /etc/crossfoot/crossfoot.toml",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}");
    }
}
