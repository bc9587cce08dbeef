//! Globs: `*` for any letters and `?` for one, within one name of a path.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The files that a glob matches, sorted. A relative glob starts at `base`.
pub(super) fn expand(base: &Path, glob: &str) -> io::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::from([PathBuf::new()]);
    for component in base.join(glob).components() {
        let mut next = BTreeSet::new();
        for folder in &found {
            match component {
                Component::Normal(name) => match name.to_str().filter(|name| is_glob(name)) {
                    Some(pattern) => next.extend(matches_in(folder, pattern)?),
                    None => {
                        next.insert(folder.join(name));
                    }
                },
                other => {
                    next.insert(folder.join(other.as_os_str()));
                }
            }
        }
        found = next;
    }
    Ok(found.into_iter().filter(|path| path.is_file()).collect())
}

fn is_glob(name: &str) -> bool {
    name.contains(['*', '?'])
}

fn matches_in(folder: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let listed = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    if !listed.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(listed)? {
        let name = entry?.file_name();
        // A name that starts with a dot is hidden: a half-written file of another program.
        if name
            .to_str()
            .is_some_and(|name| !name.starts_with('.') && fits(pattern, name))
        {
            paths.push(folder.join(name));
        }
    }
    Ok(paths)
}

fn fits(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where the last `*` stands, and how much of the name it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(letter) if *letter == '?' || *letter == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_names() {
        for (pattern, name, expected) in [
            ("usage-*.csv", "usage-2026-01.csv", true),
            ("usage-*.csv", "usage-.csv", true),
            ("usage-*.csv", "usage-1.csv.bak", false),
            ("*", "anything", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xaxbx", true),
            ("*.csv", "csv", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn files_of_several_folders_are_found_and_sorted() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b/x.csv", "a/y.csv", "a/x.csv", "a/.hidden.csv", "c.csv"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let found = expand(folder.path(), "*/*.csv").unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|path| path.strip_prefix(folder.path()).unwrap())
            .collect();
        assert_eq!(
            names,
            [
                Path::new("a/x.csv"),
                Path::new("a/y.csv"),
                Path::new("b/x.csv")
            ]
        );
        assert!(expand(folder.path(), "none/*.csv").unwrap().is_empty());
        assert!(expand(folder.path(), "none.csv").unwrap().is_empty());
    }
}
