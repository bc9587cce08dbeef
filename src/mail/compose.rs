//! The mail, byte for byte.

use lettre::message::header::{
    ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue,
};
use lettre::message::{Attachment, Body, Mailbox, Message, MultiPart, SinglePart};

use super::{MailEnvelope, MailError, OutboundMail};
use crate::fault::Failure;
use crate::store::{MailState, OutboxMail};

/// Puts a report into a mail to one recipient: `multipart/mixed(multipart/alternative(text,
/// multipart/related(html, charts)), spreadsheet)`. The same input gives the same bytes.
pub fn compose(
    rendered: &crate::report::Rendered,
    envelope: &MailEnvelope,
) -> Result<OutboxMail, Failure> {
    let mail = OutboundMail::new(rendered, envelope)?;
    let eml = message(&mail).map_err(MailError::Compose)?.formatted();
    Ok(OutboxMail {
        mail_key: mail.mail_key(),
        message_id: mail.message_id(),
        recipient: mail.recipient(),
        sender: mail.from.email.to_string(),
        subject: rendered.subject.clone(),
        eml,
        state: MailState::Pending,
        attempt_count: 0,
        next_attempt_at: mail.at,
        last_error: None,
        created_at: mail.at,
        sent_at: None,
    })
}

fn message(mail: &OutboundMail<'_>) -> Result<Message, lettre::error::Error> {
    let mut builder = Message::builder()
        .date(mail.at.into())
        .from(mail.from.clone())
        .to(Mailbox::new(None, mail.to.clone()))
        .subject(one_line(&mail.rendered.subject))
        .message_id(Some(mail.message_id()))
        .header(Kind("report".to_owned()))
        .header(Key(one_line(mail.report_key())))
        .header(AutoSubmitted("auto-generated".to_owned()))
        .header(SuppressResponses("All".to_owned()));
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(reply_to.clone());
    }
    builder.multipart(parts(mail))
}

// Boundaries follow from the key: no text of ours can hold them, since bodies are encoded and
// neither encoding lets a line start with two hyphens and this word.
fn parts(mail: &OutboundMail<'_>) -> MultiPart {
    let digest = blake3::hash(mail.mail_key().as_bytes()).to_hex();
    let boundary = |part: &str| format!("=_crossfoot_{part}_{}", &digest[..24]);
    let rendered = mail.rendered;
    let mut related = MultiPart::related()
        .boundary(boundary("related"))
        .singlepart(written(ContentType::TEXT_HTML, &rendered.html));
    for chart in &rendered.charts {
        let picture = Attachment::new_inline_with_name(
            chart.content_id.clone(),
            format!("{}.png", chart.content_id),
        );
        related = related.singlepart(picture.body(encoded(chart.png.clone()), media("image/png")));
    }
    let alternative = MultiPart::alternative()
        .boundary(boundary("alternative"))
        .singlepart(written(ContentType::TEXT_PLAIN, &rendered.text))
        .multipart(related);
    let mut mixed = MultiPart::mixed()
        .boundary(boundary("mixed"))
        .multipart(alternative);
    if let Some(sheet) = &rendered.sheet {
        let attachment = Attachment::new(one_line(&sheet.file_name));
        mixed = mixed.singlepart(attachment.body(
            encoded(sheet.bytes.clone()),
            media("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ));
    }
    mixed
}

// Quoted-printable always: lines stay short and ASCII, whatever a server can take.
fn written(content_type: ContentType, text: &str) -> SinglePart {
    let encoding = ContentTransferEncoding::QuotedPrintable;
    let bytes = text
        .replace("\r\n", "\n")
        .replace('\n', "\r\n")
        .into_bytes();
    let body = Body::new_with_encoding(bytes, encoding).unwrap_or_else(Body::new);
    SinglePart::builder().content_type(content_type).body(body)
}

fn encoded(bytes: Vec<u8>) -> Body {
    Body::new_with_encoding(bytes, ContentTransferEncoding::Base64).unwrap_or_else(Body::new)
}

fn media(name: &str) -> ContentType {
    ContentType::parse(name).unwrap_or(ContentType::TEXT_PLAIN)
}

/// A header is one line: control characters could begin another.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\u{2028}' | '\u{2029}' => ' ',
            control if control.is_control() => ' ',
            other => other,
        })
        .collect()
}

macro_rules! header {
    ($(#[$meta:meta])* $name:ident, $text:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        struct $name(String);

        impl Header for $name {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($text)
            }

            fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self(text.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}

header!(
    /// What kind of mail it is.
    Kind,
    "X-Crossfoot-Kind"
);
header!(
    /// Which mail it is.
    Key,
    "X-Crossfoot-Key"
);
header!(
    /// Tells other programs that no person wrote it (RFC 3834).
    AutoSubmitted,
    "Auto-Submitted"
);
header!(
    /// Tells Exchange not to answer it.
    SuppressResponses,
    "X-Auto-Response-Suppress"
);
