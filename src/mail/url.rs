//! The URL of `[mail]`.

use std::net::IpAddr;
use std::path::PathBuf;

use super::MailError;

/// How the conversation is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS before anything is said; a server that has none is left.
    StartTls,
    /// None: loopback only.
    Plain,
}

/// Where mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MailUrl {
    /// A folder.
    Folder(PathBuf),
    /// A server.
    Server {
        /// How it is secured.
        security: Security,
        /// Its name or address, as its certificate has it.
        host: String,
        /// Its port.
        port: u16,
        /// Who logs in.
        user: Option<String>,
    },
}

impl MailUrl {
    /// Reads a URL. A password in it is refused: it belongs to `password`.
    pub(super) fn parse(text: &str) -> Result<Self, MailError> {
        if let Some(folder) = text.strip_prefix("file:") {
            let folder = folder.strip_prefix("//").unwrap_or(folder);
            return if folder.is_empty() || folder.contains('\0') {
                Err(wrong("a folder is missing", text))
            } else {
                Ok(Self::Folder(PathBuf::from(folder)))
            };
        }
        let url = url::Url::parse(text).map_err(|_| wrong("it is no URL", text))?;
        let (security, default_port) = match url.scheme() {
            "smtps" => (Security::Tls, 465),
            "smtp+starttls" => (Security::StartTls, 587),
            "smtp" => (Security::Plain, 25),
            _ => return Err(wrong("its scheme is not known", text)),
        };
        if url.password().is_some() {
            return Err(wrong("a password belongs to mail.password", text));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it has more than a host and a port", text));
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        if host.is_empty() {
            return Err(wrong("a host is missing", text));
        }
        if security == Security::Plain && !is_loopback(&host) {
            return Err(wrong("without TLS only this machine is spoken to", text));
        }
        let user = (!url.username().is_empty()).then(|| decoded(url.username()));
        Ok(Self::Server {
            security,
            host,
            port: url.port().unwrap_or(default_port),
            user,
        })
    }
}

fn wrong(reason: &'static str, text: &str) -> MailError {
    MailError::Url {
        reason,
        url: without_password(text),
    }
}

/// The URL without what may stand between user and host.
fn without_password(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|letter| !letter.is_control())
        .take(200)
        .collect();
    let Some((before, host)) = text.rsplit_once('@') else {
        return text;
    };
    match before.split_once("://") {
        Some((scheme, user)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{host}")
        }
        None => host.to_owned(),
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

// A user is often an address, whose `@` a URL writes as `%40`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = escaped {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_server_security_and_user() {
        assert_eq!(
            MailUrl::parse("smtps://reports%40northwind.example@mail.example").unwrap(),
            MailUrl::Server {
                security: Security::Tls,
                host: "mail.example".to_owned(),
                port: 465,
                user: Some("reports@northwind.example".to_owned()),
            }
        );
        assert_eq!(
            MailUrl::parse("smtp://[::1]:2525").unwrap(),
            MailUrl::Server {
                security: Security::Plain,
                host: "::1".to_owned(),
                port: 2525,
                user: None,
            }
        );
        assert_eq!(
            MailUrl::parse("file:var/mail").unwrap(),
            MailUrl::Folder(PathBuf::from("var/mail"))
        );
    }

    #[test]
    fn wrong_urls_are_refused_without_their_password() {
        for wrong in [
            "smtp://mail.example:25",
            "smtp://127.0.0.1.evil.example",
            "http://127.0.0.1",
            "smtps://",
            "file:",
            "mail.example",
            "smtps://mail.example/path",
            "smtps://user:hunter2@mail.example",
        ] {
            let fault = MailUrl::parse(wrong).expect_err(wrong);
            assert!(!fault.to_string().contains("hunter2"));
        }
    }
}
