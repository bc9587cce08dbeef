//! No mail and no password in the clear, and no mail to somebody else's server.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crossfoot::config::MailConfig;
use crossfoot::mail::{Mailer, SendOutcome, open};
use crossfoot::secret::SecretRef;

use super::smtp_server::{Behaviour, SmtpServer, fixture};
use super::{config, mail};

const PASSWORD: &str = "correct-horse-battery";

fn with_login(scheme: &str, server: &SmtpServer, folder: &Path, ca: Option<PathBuf>) -> MailConfig {
    let password = folder.join("password");
    std::fs::write(&password, PASSWORD).unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    MailConfig {
        password: Some(SecretRef::File(password)),
        ca,
        ..config(format!(
            "{scheme}://reports%40northwind.example@localhost:{}",
            server.port
        ))
    }
}

fn opened(config: &MailConfig) -> Arc<dyn Mailer> {
    open(config, Path::new(".")).unwrap()
}

fn secured() -> Behaviour {
    Behaviour {
        certificate: Some("localhost.pem"),
        offers_starttls: true,
        auth: Some("235 welcome"),
        ..Behaviour::default()
    }
}

/// Goal: with STARTTLS, login and mail go under TLS only. Method: what was heard in the clear is the
/// greeting and STARTTLS, nothing else.
#[tokio::test]
async fn starttls_secures_login_and_mail() {
    let folder = tempfile::tempdir().unwrap();
    let server = SmtpServer::start(secured());
    let mailer = opened(&with_login(
        "smtp+starttls",
        &server,
        folder.path(),
        Some(fixture("ca.pem")),
    ));
    assert_eq!(mailer.send(&mail()).await, SendOutcome::Sent);
    mailer.check().await.unwrap();
    let heard = server.heard();
    assert_eq!(heard.mails.len(), 1);
    let clear: Vec<&str> = heard
        .plain
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(clear, ["EHLO", "STARTTLS", "EHLO", "STARTTLS"]);
    assert!(
        heard
            .secured
            .iter()
            .any(|line| line.starts_with("AUTH PLAIN"))
    );
    assert!(!mailer.describe().contains(PASSWORD));
}

/// Goal: the same with TLS from the first byte. Method: smtps.
#[tokio::test]
async fn implicit_tls_secures_everything() {
    let folder = tempfile::tempdir().unwrap();
    let server = SmtpServer::start(Behaviour {
        is_tls_first: true,
        ..secured()
    });
    let mailer = opened(&with_login(
        "smtps",
        &server,
        folder.path(),
        Some(fixture("ca.pem")),
    ));
    assert_eq!(mailer.send(&mail()).await, SendOutcome::Sent);
    assert!(server.heard().plain.is_empty());
    assert_eq!(server.heard().mails.len(), 1);
}

/// Goal: a stripped STARTTLS gets neither mail nor login. Method: the server does not offer it.
#[tokio::test]
async fn a_stripped_starttls_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = SmtpServer::start(Behaviour {
        offers_starttls: false,
        ..secured()
    });
    let mailer = opened(&with_login(
        "smtp+starttls",
        &server,
        folder.path(),
        Some(fixture("ca.pem")),
    ));
    let SendOutcome::Retry { reason } = mailer.send(&mail()).await else {
        panic!("it is not this mail's fault");
    };
    assert!(reason.contains("no STARTTLS"), "{reason}");
    let heard = server.heard();
    assert!(heard.mails.is_empty());
    assert!(
        heard
            .plain
            .iter()
            .all(|line| line.starts_with("EHLO") || line == "QUIT"),
        "{:?}",
        heard.plain
    );
}

/// Goal: answers that were slipped in before TLS are never used. Method: the server appends a false
/// greeting to its answer to STARTTLS; then there is no mail and no login.
#[tokio::test]
async fn answers_in_the_clear_after_starttls_are_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let server = SmtpServer::start(Behaviour {
        injected: Some("250-evil\r\n250 AUTH LOGIN"),
        ..secured()
    });
    let mailer = opened(&with_login(
        "smtp+starttls",
        &server,
        folder.path(),
        Some(fixture("ca.pem")),
    ));
    let outcome = mailer.send(&mail()).await;
    assert!(matches!(outcome, SendOutcome::Retry { .. }), "{outcome:?}");
    let heard = server.heard();
    assert!(heard.mails.is_empty());
    assert!(
        !heard
            .plain
            .iter()
            .chain(&heard.secured)
            .any(|line| line.starts_with("AUTH"))
    );
}

/// Goal: only a certificate that a trusted authority gave to this name will do. Method: an authority
/// that is not trusted, and a name that is another's, by both ways of TLS.
#[tokio::test]
async fn wrong_certificates_get_no_mail() {
    let folder = tempfile::tempdir().unwrap();
    for (scheme, is_tls_first) in [("smtps", true), ("smtp+starttls", false)] {
        for (certificate, ca) in [
            ("localhost.pem", None),
            ("other.pem", Some(fixture("ca.pem"))),
        ] {
            let server = SmtpServer::start(Behaviour {
                certificate: Some(certificate),
                is_tls_first,
                ..secured()
            });
            let mailer = opened(&with_login(scheme, &server, folder.path(), ca));
            let outcome = mailer.send(&mail()).await;
            assert!(
                matches!(outcome, SendOutcome::Retry { .. }),
                "{scheme} {certificate}: {outcome:?}"
            );
            let heard = server.heard();
            assert!(heard.mails.is_empty());
            assert!(!heard.secured.iter().any(|line| line.starts_with("AUTH")));
        }
    }
}

/// Goal: a refused login is not tried again and again, and its password is told nobody. Method: 535;
/// three mails make one login; 454 is another matter.
#[tokio::test]
async fn a_refused_login_is_tried_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = SmtpServer::start(Behaviour {
        auth: Some("535 5.7.8 wrong"),
        ..secured()
    });
    let mailer = opened(&with_login(
        "smtp+starttls",
        &server,
        folder.path(),
        Some(fixture("ca.pem")),
    ));
    for _ in 0..3 {
        let SendOutcome::Rejected { reason } = mailer.send(&mail()).await else {
            panic!("a refused login is final");
        };
        assert!(!reason.contains(PASSWORD));
    }
    let logins = server
        .heard()
        .secured
        .iter()
        .filter(|line| line.starts_with("AUTH"))
        .count();
    assert_eq!(logins, 1);
    let busy = SmtpServer::start(Behaviour {
        auth: Some("454 4.7.0 later"),
        ..secured()
    });
    let mailer = opened(&with_login(
        "smtp+starttls",
        &busy,
        folder.path(),
        Some(fixture("ca.pem")),
    ));
    assert!(matches!(
        mailer.send(&mail()).await,
        SendOutcome::Retry { .. }
    ));
}

/// Goal: what is wrong in `[mail]` is told before a connection is made. Method: each fault and its code.
#[test]
fn wrong_configuration_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let code = |config: &MailConfig| match open(config, folder.path()) {
        Ok(mailer) => panic!("{} must be refused", mailer.describe()),
        Err(failure) => {
            assert_eq!(failure.exit().code(), 2, "{failure}");
            failure.code()
        }
    };
    assert_eq!(code(&config("smtp://mail.example:25")), "XF-M001");
    assert_eq!(code(&config("smtps://user@mail.example")), "XF-M001");
    let mut sender = config("file:mail");
    sender.from = "nobody\r\nBcc: x@y.example".to_owned();
    assert_eq!(code(&sender), "XF-M002");
    let mut password = config("smtps://user@mail.example");
    password.password = Some(SecretRef::File("absent".into()));
    assert_eq!(code(&password), "XF-M006");
    let mut authority = config("smtps://mail.example");
    authority.ca = Some("absent.pem".into());
    assert_eq!(code(&authority), "XF-M007");
    std::fs::write(folder.path().join("empty.pem"), "nothing").unwrap();
    authority.ca = Some("empty.pem".into());
    assert_eq!(code(&authority), "XF-M011");
}

/// A log that is kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Goal: neither password nor mail reaches a log, however much is logged. Method: log at trace level
/// while a mail is sent and a login is checked, and look for the password, its encodings, and the
/// mail's subject. The log itself is proven to work by an event of our own.
#[tokio::test]
async fn nothing_of_a_mail_reaches_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let server = SmtpServer::start(secured());
    let mailer = opened(&with_login(
        "smtp+starttls",
        &server,
        folder.path(),
        Some(fixture("ca.pem")),
    ));
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // With one subscriber alone, `tracing` asks the thread that comes first whether an event is
    // wanted, and tests on other threads have none; with a second one it asks them all.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let guard = tracing::subscriber::set_default(subscriber);
    tracing::info!("the log works");
    assert_eq!(mailer.send(&mail()).await, SendOutcome::Sent);
    mailer.check().await.unwrap();
    drop(guard);
    let text = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(text.contains("the log works"));
    // `AUTH PLAIN` carries user and password in base64; the server heard the very line.
    let login = server
        .heard()
        .secured
        .into_iter()
        .find_map(|line| line.strip_prefix("AUTH PLAIN ").map(ToOwned::to_owned))
        .unwrap();
    for secret in [PASSWORD, login.as_str(), "Discrepancy rate"] {
        assert!(!text.contains(secret), "{text}");
    }
}
