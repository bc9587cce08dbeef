//! Mail into a folder, for a dry run: one `.eml` per mail and recipient.

use std::io::Write;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::{MailError, Mailer, SendOutcome};
use crate::fault::Failure;
use crate::store::OutboxMail;

/// Writes mails into a folder.
pub(super) struct FileMailer {
    folder: PathBuf,
}

impl FileMailer {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn write(&self, mail: &OutboxMail) -> std::io::Result<()> {
        create_private(&self.folder)?;
        write_private(&self.folder, &file_name(&mail.mail_key), &mail.eml)
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, mail: &OutboxMail) -> SendOutcome {
        match self.write(mail) {
            Ok(()) => SendOutcome::Sent,
            Err(cause) => SendOutcome::Retry {
                reason: format!("the mail folder cannot be written: {cause}"),
            },
        }
    }

    async fn check(&self) -> Result<(), Failure> {
        let proven = create_private(&self.folder)
            .and_then(|()| tempfile::NamedTempFile::new_in(&self.folder))
            .and_then(tempfile::NamedTempFile::close);
        proven.map_err(|cause| {
            MailError::Folder {
                path: self.folder.clone(),
                cause,
            }
            .into()
        })
    }

    fn describe(&self) -> String {
        format!("file:{}", self.folder.display())
    }
}

// A file of its owner's only, which appears whole or not at all; the same mail is the same file.
fn write_private(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".mail-")
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name))?;
    std::fs::File::open(folder)?.sync_all()
}

/// A name that people can read and that no two keys share: a digest follows what was replaced.
fn file_name(mail_key: &str) -> String {
    let readable: String = mail_key
        .chars()
        .take(120)
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '@') {
                letter
            } else {
                '_'
            }
        })
        .collect();
    let digest = blake3::hash(mail_key.as_bytes()).to_hex();
    format!("{}-{}.eml", readable.trim_start_matches('.'), &digest[..12])
}

/// Mails hold the company's figures: the folder is its owner's alone.
fn create_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_no_paths_and_differ() {
        let name = file_name("../../x/all/2026-03/1/cfo@northwind.example");
        assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
        assert_ne!(file_name("a/b"), file_name("a_b"));
    }
}
