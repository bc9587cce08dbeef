//! Writes the three reports to a folder, so that a person can look at them.

use std::path::PathBuf;

use crossfoot::config::ReportKind;
use crossfoot::report::{file_set, render};

use super::sample;

/// Goal: the sample reports can be looked at, and a file set is complete. Method: write every kind,
/// well and with a failed source, to `CROSSFOOT_SAMPLES` or else to a folder that is removed again.
#[test]
fn samples_can_be_written_to_a_folder() {
    let kept = option_env_folder();
    let temporary = tempfile::tempdir().unwrap();
    let folder = kept.unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder).unwrap();
    for kind in ReportKind::ALL {
        let inputs = [
            (kind.name().to_owned(), sample::input(*kind)),
            (
                format!("{}-failed", kind.name()),
                sample::without_billing(sample::input(*kind)),
            ),
        ];
        for (name, input) in inputs {
            let rendered = render(&input).unwrap();
            let files = file_set(&rendered, &name, "2026-03");
            let endings = |ending: &str| {
                files
                    .iter()
                    .filter(|(file, _)| file.ends_with(ending))
                    .count()
            };
            assert_eq!(
                (endings(".html"), endings(".txt"), endings(".xlsx")),
                (1, 1, 1)
            );
            assert_eq!(endings(".png"), rendered.charts.len());
            for (file, bytes) in files {
                std::fs::write(folder.join(file), bytes).unwrap();
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "where a person wants the samples"
)]
fn option_env_folder() -> Option<PathBuf> {
    std::env::var_os("CROSSFOOT_SAMPLES").map(PathBuf::from)
}
