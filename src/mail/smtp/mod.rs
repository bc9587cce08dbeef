//! Mail over SMTP: one connection per mail, kept no longer than the mail takes.

mod conversation;
mod mailer;
mod narrow;

pub(super) use mailer::{SmtpMailer, SmtpSettings};
