//! What a Rust file says, without its comments and its tests: enough to find the paths it names.

/// The code of a file up to its unit tests, comments and the inside of strings blanked out. Lines
/// stay where they are.
pub(super) fn code_of(text: &str) -> String {
    let text = match text.find("\n#[cfg(test)]\nmod ") {
        Some(tests) => &text[..tests],
        None => text,
    };
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(string) = raw_string(rest) {
            string
        } else if first == '"' {
            quoted(rest)
        } else if first == '\'' {
            character(rest)
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        code.extend(rest[..length].chars().map(|letter| match letter {
            '\n' => '\n',
            _ => ' ',
        }));
        rest = &rest[length..];
    }
    code
}

/// The length of a raw string, if the text starts with one.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text
        .strip_prefix('r')?
        .chars()
        .take_while(|c| *c == '#')
        .count();
    let body = text[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let found = body.find(&end)?;
    Some(1 + hashes + 1 + found + end.len())
}

/// The length of a string in quotes, escapes skipped.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal; 1 for the mark of a lifetime.
fn character(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    let escaped = matches!(letters.next(), Some((_, '\\')));
    if escaped {
        letters.next();
        return letters
            .find(|(_, letter)| *letter == '\'')
            .map_or(1, |(at, _)| at + 1);
    }
    match letters.next() {
        Some((at, '\'')) => at + 1,
        _ => 1,
    }
}

/// A path that the code names, and the line that it stands in, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedPath {
    pub(super) line: usize,
    pub(super) parts: Vec<String>,
}

/// All paths below `root` (such as `crate`), with the groups of a `use` spread out.
pub(super) fn paths_below(code: &str, root: &str) -> Vec<NamedPath> {
    let needle = format!("{root}::");
    let mut found = Vec::new();
    for (at, _) in code.match_indices(&needle) {
        if continues_a_path(&code[..at]) {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let mut paths = Vec::new();
        read_tree(&code[at + needle.len()..], &mut Vec::new(), &mut paths);
        found.extend(paths.into_iter().map(|parts| NamedPath { line, parts }));
    }
    found
}

/// Whether what follows is a part of a longer word or path.
fn continues_a_path(before: &str) -> bool {
    before
        .chars()
        .next_back()
        .is_some_and(|letter| letter == ':' || letter == '_' || letter.is_alphanumeric())
}

/// Reads `a::b`, `a::{b, c::d}` or `a::*`, and returns how much of the text it took.
fn read_tree(text: &str, above: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let start = text.len() - text.trim_start().len();
    let inner = &text[start..];
    if let Some(group) = inner.strip_prefix('{') {
        let mut at = 0;
        loop {
            at += group[at..].len() - group[at..].trim_start().len();
            match group[at..].chars().next() {
                Some('}') => return start + 1 + at + 1,
                Some(',') => at += 1,
                Some(letter) if letter == '*' || letter == '_' || letter.is_alphanumeric() => {
                    at += read_tree(&group[at..], above, found);
                }
                _ => return start + 1 + at,
            }
        }
    }
    let name: String = if inner.starts_with('*') {
        "*".to_owned()
    } else {
        let word = |letter: &char| *letter == '_' || letter.is_alphanumeric();
        inner.chars().take_while(word).collect()
    };
    if name.is_empty() {
        found.push(above.clone());
        return start;
    }
    let mut taken = start + name.len();
    above.push(name);
    let goes_on = text[taken..]
        .strip_prefix("::")
        .is_some_and(|more| !more.starts_with('<'));
    if goes_on {
        taken += 2 + read_tree(&text[taken + 2..], above, found);
    } else {
        found.push(above.clone());
        taken += renamed(&text[taken..]);
    }
    above.pop();
    taken
}

/// The length of ` as name` after a path.
fn renamed(text: &str) -> usize {
    let Some(name) = text.strip_prefix(" as ") else {
        return 0;
    };
    let letters = name
        .chars()
        .take_while(|letter| *letter == '_' || letter.is_alphanumeric());
    4 + letters.map(char::len_utf8).sum::<usize>()
}
