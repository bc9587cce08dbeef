//! What folders and files of the landing are called. Nothing that a vendor or a user spelled
//! reaches a path unless it is plainly harmless there.

use std::path::{Component, Path, PathBuf};

use super::error::LandingError;
use super::file::LandedFile;
use crate::canonical::Entity;
use crate::period::Period;

/// How the name of a file that is still being written ends.
pub(super) const TEMPORARY: &str = ".parquet.tmp";
/// How the name of a finished file ends.
pub(super) const FINISHED: &str = ".parquet";
/// Longer names of sources are replaced by their digest.
const NAME_LENGTH_MAX: usize = 64;

/// The folder of a partition, relative to the root.
pub(super) fn folder(quarantine: bool, entity: Entity, source: &str, period: Period) -> String {
    let above = if quarantine { "_quarantine/" } else { "" };
    format!(
        "{above}{entity}/source={}/period={period}",
        path_safe(source)
    )
}

/// A file's name without its ending. `generation` counts the pulls that landed at the very same
/// instant, so that the order of versions is known even under a clock that stands.
pub(super) fn stem(generation: u32, pull_id: &str, number: u32) -> String {
    format!("{generation:04}-{}-{number:04}", path_safe(pull_id))
}

/// Whether a file is named after its pull, and so holds rows of that pull alone.
pub(super) fn is_of_pull(file: &LandedFile) -> bool {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let middle = name.split_once('-').map_or("", |(_, rest)| rest);
    middle
        .strip_prefix(&path_safe(&file.pull_id))
        .is_some_and(|rest| rest.starts_with('-'))
}

/// The generation in a file's path; 0 where the name was not made by [`stem`].
pub(super) fn generation(path: &str) -> u32 {
    path.rsplit('/')
        .next()
        .and_then(|name| name.split('-').next())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

/// What sorts files into the order of their versions, oldest first.
pub(super) fn version_order(file: &LandedFile) -> (jiff::Timestamp, u32, &str) {
    (file.extracted_at, generation(&file.path), &file.path)
}

/// The absolute path of a manifest entry, which must stay inside the root.
pub(super) fn absolute(root: &Path, relative: &str) -> Result<PathBuf, LandingError> {
    let path = Path::new(relative);
    let stays_inside = path
        .components()
        .all(|component| matches!(component, Component::Normal(_)));
    if relative.is_empty() || !stays_inside {
        return Err(LandingError::Outside {
            path: relative.to_owned(),
        });
    }
    Ok(root.join(path))
}

/// The name itself where it is `[a-z0-9_-]+` and short, else a digest of it.
fn path_safe(name: &str) -> String {
    let harmless =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    if !name.is_empty() && name.len() <= NAME_LENGTH_MAX && name.bytes().all(harmless) {
        return name.to_owned();
    }
    let digest = blake3::hash(name.as_bytes()).to_hex();
    format!("x{}", &digest.as_str()[..24])
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: no name leaves its folder. Method: hostile names, each must become one plain part.
    #[test]
    fn hostile_names_become_digests() {
        let period: Period = "2026-03".parse().unwrap();
        for name in [
            "../../etc",
            "a/b",
            "",
            "CRM",
            "a b",
            "é",
            "a\0",
            &"x".repeat(65),
        ] {
            let folder = folder(false, Entity::Accounts, name, period);
            let parts: Vec<&str> = folder.split('/').collect();
            assert_eq!(parts.len(), 3, "{folder}");
            assert!(parts[1].starts_with("source=x"), "{folder}");
            assert!(absolute(Path::new("/root"), &folder).is_ok());
        }
        let plain = folder(true, Entity::Invoices, "crm_2", period);
        assert_eq!(plain, "_quarantine/invoices/source=crm_2/period=2026-03");
    }

    #[test]
    fn a_path_outside_of_the_root_is_refused() {
        for path in ["", "/etc/passwd", "../x.parquet", "a/../../x", "./x"] {
            assert!(absolute(Path::new("/root"), path).is_err(), "{path}");
        }
    }

    #[test]
    fn the_generation_is_read_back_from_the_name() {
        let name = format!(
            "usage/source=a/period=2026-01/{}.parquet",
            stem(7, "p-1", 2)
        );
        assert_eq!(generation(&name), 7);
        assert_eq!(generation("usage/foreign.parquet"), 0);
    }
}
