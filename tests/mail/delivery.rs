//! What becomes of a mail when a server takes it, puts it off, refuses it, or falls silent.

use std::path::Path;

use crossfoot::mail::{SendOutcome, compose, open};
use crossfoot::report::render;

use super::smtp_server::{Behaviour, SmtpServer};
use super::{config, envelope, mail, sample};

async fn send(behaviour: Behaviour) -> (SendOutcome, SmtpServer) {
    let server = SmtpServer::start(behaviour);
    let mailer = open(
        &config(format!("smtp://127.0.0.1:{}", server.port)),
        Path::new("."),
    )
    .unwrap();
    (mailer.send(&mail()).await, server)
}

/// Goal: a mail arrives as it was stored, once. Method: the bytes at the server are the bytes of the
/// outbox.
#[tokio::test]
async fn a_mail_arrives_byte_for_byte() {
    let (outcome, server) = send(Behaviour::default()).await;
    assert_eq!(outcome, SendOutcome::Sent);
    let heard = server.heard();
    assert_eq!(heard.mails.len(), 1);
    let (recipient, bytes) = &heard.mails[0];
    assert!(recipient.contains("<cfo@northwind.example>"));
    let sent = mail().eml;
    assert_eq!(bytes.trim_ascii_end(), sent.trim_ascii_end());
}

/// Goal: grey-listing delays a mail and does not lose it. Method: 450 at the first connection, then
/// the same mail again.
#[tokio::test]
async fn greylisting_is_tried_again_with_the_same_bytes() {
    let server = SmtpServer::start(Behaviour {
        recipients: vec!["450 4.2.0 come back later", "250 ok"],
        ..Behaviour::default()
    });
    let mailer = open(
        &config(format!("smtp://127.0.0.1:{}", server.port)),
        Path::new("."),
    )
    .unwrap();
    let SendOutcome::Retry { reason } = mailer.send(&mail()).await else {
        panic!("450 asks for a retry");
    };
    assert!(reason.contains("come back later"), "{reason}");
    assert_eq!(mailer.send(&mail()).await, SendOutcome::Sent);
    assert_eq!(server.heard().mails.len(), 1);
}

/// Goal: one bad recipient stands alone. Method: 550 for one address; the other one's mail is taken
/// by the same mailer.
#[tokio::test]
async fn one_refused_recipient_does_not_stop_the_others() {
    let server = SmtpServer::start(Behaviour {
        refused: Some(("gone@northwind.example", "550 5.1.1 no such user")),
        ..Behaviour::default()
    });
    let mailer = open(
        &config(format!("smtp://127.0.0.1:{}", server.port)),
        Path::new("."),
    )
    .unwrap();
    let rendered = render(&sample::input(
        crossfoot::config::ReportKind::ResolutionTime,
    ))
    .unwrap();
    let mut gone = envelope();
    gone.to = "gone@northwind.example".to_owned();
    let gone = compose(&rendered, &gone).unwrap();
    let SendOutcome::Rejected { reason } = mailer.send(&gone).await else {
        panic!("550 is final");
    };
    assert!(reason.contains("no such user"), "{reason}");
    assert_eq!(mailer.send(&mail()).await, SendOutcome::Sent);
    assert_eq!(server.heard().mails.len(), 1);
}

/// Goal: a refusal after DATA is final, a temporary one is not. Method: 554 and 451 after the dot.
#[tokio::test]
async fn the_answer_after_data_decides() {
    let (outcome, server) = send(Behaviour {
        after_data: Some("554 5.7.1 looks like spam"),
        ..Behaviour::default()
    })
    .await;
    assert!(
        matches!(outcome, SendOutcome::Rejected { .. }),
        "{outcome:?}"
    );
    assert!(server.heard().mails.is_empty());
    let (outcome, _) = send(Behaviour {
        after_data: Some("451 4.3.0 disk full"),
        ..Behaviour::default()
    })
    .await;
    assert!(matches!(outcome, SendOutcome::Retry { .. }), "{outcome:?}");
}

/// Goal: a drop after DATA is told as what it is. Method: the server keeps the mail and hangs up; the
/// next try carries the same bytes, so that the two copies are one mail to every reader.
#[tokio::test]
async fn a_drop_after_data_is_unsure() {
    let (outcome, server) = send(Behaviour {
        after_data: Some("drop"),
        ..Behaviour::default()
    })
    .await;
    assert!(matches!(outcome, SendOutcome::Unsure { .. }), "{outcome:?}");
    let mailer = open(
        &config(format!("smtp://127.0.0.1:{}", server.port)),
        Path::new("."),
    )
    .unwrap();
    mailer.send(&mail()).await;
    let mails = server.heard().mails;
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].1, mails[1].1);
}

/// Goal: a server that is down or busy is tried later. Method: nobody listens; a 421 and a 554 banner.
#[tokio::test]
async fn servers_that_are_down_are_tried_later() {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mailer = open(&config(format!("smtp://127.0.0.1:{port}")), Path::new(".")).unwrap();
    assert!(matches!(
        mailer.send(&mail()).await,
        SendOutcome::Retry { .. }
    ));
    assert_eq!(mailer.check().await.unwrap_err().code(), "XF-M009");
    for banner in ["421 too busy", "554 no service"] {
        let (outcome, _) = send(Behaviour {
            banner: Some(banner),
            ..Behaviour::default()
        })
        .await;
        assert!(
            matches!(outcome, SendOutcome::Retry { .. }),
            "{banner}: {outcome:?}"
        );
    }
}

/// Goal: a mail that is too large for the server is refused loudly before it is sent. Method: SIZE of
/// 1,000 bytes.
#[tokio::test]
async fn the_servers_size_is_respected() {
    let (outcome, server) = send(Behaviour {
        size: Some(1_000),
        ..Behaviour::default()
    })
    .await;
    let SendOutcome::Rejected { reason } = outcome else {
        panic!("{outcome:?}");
    };
    assert!(
        reason.contains("takes 1000") && reason.contains("attachments = false"),
        "{reason}"
    );
    assert!(
        !server
            .heard()
            .plain
            .iter()
            .any(|line| line.starts_with("MAIL"))
    );
    let (outcome, server) = send(Behaviour {
        size: Some(10_000_000),
        ..Behaviour::default()
    })
    .await;
    assert_eq!(outcome, SendOutcome::Sent);
    assert!(
        server
            .heard()
            .plain
            .iter()
            .any(|line| line.contains("SIZE="))
    );
}
