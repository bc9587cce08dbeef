//! Mail into a folder.

use std::os::unix::fs::PermissionsExt;

use crossfoot::mail::{SendOutcome, open};

use super::{config, mail};

/// Goal: `file:` mail is one private `.eml` per mail and recipient, with the bytes of the outbox.
/// Method: send twice; there is one file, and nothing half-written beside it.
#[tokio::test]
async fn each_mail_is_one_private_file() {
    let base = tempfile::tempdir().unwrap();
    let mailer = open(&config("file:var/mail"), base.path()).unwrap();
    mailer.check().await.unwrap();
    for _ in 0..2 {
        assert_eq!(mailer.send(&mail()).await, SendOutcome::Sent);
    }
    let files: Vec<_> = std::fs::read_dir(base.path().join("var/mail"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(files[0].extension().unwrap(), "eml");
    assert_eq!(std::fs::read(&files[0]).unwrap(), mail().eml);
    let mode = std::fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

/// Goal: a folder that cannot be written is told by `check`, and a mail to it is tried later. Method:
/// a file stands where the folder should be.
#[tokio::test]
async fn a_folder_that_is_a_file_is_no_folder() {
    let base = tempfile::tempdir().unwrap();
    std::fs::write(base.path().join("mail"), "x").unwrap();
    let mailer = open(&config("file:mail"), base.path()).unwrap();
    assert_eq!(mailer.check().await.unwrap_err().code(), "XF-M010");
    assert!(matches!(
        mailer.send(&mail()).await,
        SendOutcome::Retry { .. }
    ));
}
