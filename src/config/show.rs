//! The configuration shown to people: no password, wherever it was written.

use toml::Value;

/// What stands in place of a password.
const PLACEHOLDER: &str = "[secret]";

/// Leaves out the passwords of all URLs in a value.
pub(super) fn leave_out_passwords(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(shown) = without_password(text) {
                *text = shown;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(leave_out_passwords),
        Value::Table(table) => {
            for (_, value) in table {
                leave_out_passwords(value);
            }
        }
        _ => {}
    }
}

/// `scheme://user:password@host` without its password; `None` where there is none.
fn without_password(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    let (user, host) = authority.rsplit_once('@')?;
    let (name, _) = user.split_once(':')?;
    Some(format!("{scheme}://{name}:{PLACEHOLDER}@{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_is_left_out() {
        for (url, shown) in [
            (
                "postgres://ann:p%40ss@db/x",
                Some("postgres://ann:[secret]@db/x"),
            ),
            (
                "smtps://ann:a:b@mail:465",
                Some("smtps://ann:[secret]@mail:465"),
            ),
            ("postgres://ann@db/x", None),
            ("sqlite:var/x.db", None),
            ("http://127.0.0.1:80/a:b@c", None),
        ] {
            assert_eq!(without_password(url).as_deref(), shown, "{url}");
        }
    }
}
