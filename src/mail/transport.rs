//! From `[mail]` to something that takes mails.

use std::path::Path;
use std::sync::Arc;

use super::address::parse_mailbox;
use super::file::FileMailer;
use super::smtp::{SmtpMailer, SmtpSettings};
use super::url::MailUrl;
use super::{MailError, Mailer};
use crate::config::MailConfig;
use crate::fault::Failure;

/// Opens the way that `[mail]` names; relative paths start at `base`. Checks all that can be checked
/// without a connection, and makes none.
pub fn open(config: &MailConfig, base: &Path) -> Result<Arc<dyn Mailer>, Failure> {
    parse_mailbox("mail.from", &config.from)?;
    if let Some(reply_to) = &config.reply_to {
        parse_mailbox("mail.reply_to", reply_to)?;
    }
    match MailUrl::parse(&config.url)? {
        MailUrl::Folder(folder) => Ok(Arc::new(FileMailer::new(base.join(folder)))),
        MailUrl::Server {
            security,
            host,
            port,
            user,
        } => {
            let password = match (&user, &config.password) {
                (Some(user), Some(reference)) => Some(reference.resolve(base).map_err(
                    |cause| MailError::Password {
                        user: user.clone(),
                        cause,
                    },
                )?),
                (Some(_), None) => {
                    return Err(MailError::Url {
                        reason: "its user has no mail.password",
                        url: config.url.clone(),
                    }
                    .into());
                }
                (None, _) => None,
            };
            let authority = config
                .ca
                .as_ref()
                .map(|path| {
                    let path = base.join(path);
                    std::fs::read(&path).map_err(|cause| MailError::AuthorityFile { path, cause })
                })
                .transpose()?;
            let mailer = SmtpMailer::new(SmtpSettings {
                security,
                host,
                port,
                login: user.zip(password),
                authority,
            })?;
            Ok(Arc::new(mailer))
        }
    }
}
