//! A request and what came of it, as it may be shown.

use std::fmt;

/// A vendor's own words are cut here.
const MESSAGE_CHARS: usize = 200;

/// A request and what came of it: the cause behind most errors of a source.
#[derive(Debug, Clone)]
pub struct Exchanged {
    /// `GET https://api.example.com/v1/invoices`, without the query.
    pub request: String,
    /// The status, where there was an answer.
    pub status: Option<u16>,
    /// What the vendor or the connection said, cut and without secrets.
    pub message: String,
    /// By what the vendor finds the answer again.
    pub request_id: Option<String>,
}

impl Exchanged {
    /// Puts a message into the form in which it may be shown: one line, at most 200 characters.
    pub fn shown(message: &str) -> String {
        let plain: String = message
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .take(MESSAGE_CHARS)
            .collect();
        plain.trim().to_owned()
    }
}

impl fmt::Display for Exchanged {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.request)?;
        if let Some(status) = self.status {
            write!(formatter, " -> {status}")?;
        }
        if !self.message.is_empty() {
            write!(formatter, ": {}", self.message)?;
        }
        match &self.request_id {
            Some(id) => write!(formatter, " (request id {id})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Exchanged {}
