//! One conversation with a server, step by step, so that it is known how far a mail got when
//! something breaks.

use std::future::Future;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, MailParameter};
use tokio::net::TcpStream;

use super::narrow::NarrowStream;
use crate::mail::url::Security;

/// How long a connection may take to be made and secured.
const CONNECT_TIMEOUT: Duration = Duration::from_mins(1);
/// How long the answer to a command may take (RFC 5321, 4.5.3.2).
const COMMAND_TIMEOUT: Duration = Duration::from_mins(5);
/// How long a mail's bytes and the answer to its final dot may take. RFC 5321 asks for ten minutes
/// after the dot: who gives up earlier gets mails twice.
const DELIVERY_TIMEOUT: Duration = Duration::from_mins(20);
/// How long a goodbye may take; nothing depends on it.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);
/// The most letters of a server's answer that are kept.
const REASON_MAX: usize = 300;

/// Why a conversation ended before the mail was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// The server or the way to it is not well; it has nothing to do with this mail.
    Later(String),
    /// The server refused the login.
    Login(String),
    /// The server refused this mail for good.
    Refused(String),
    /// All was sent, and no answer came.
    Unsure(String),
}

/// A greeted and, where asked for, secured server.
pub(super) struct Conversation {
    connection: AsyncSmtpConnection,
    /// The most bytes that the server takes, where it says so.
    size_max: Option<usize>,
}

impl Conversation {
    /// Connects, secures and greets. Without TLS where TLS is asked for, nothing further is said.
    pub(super) async fn open(
        host: &str,
        port: u16,
        security: Security,
        tls: Option<TlsParameters>,
    ) -> Result<Self, Stop> {
        let hello = ClientId::default();
        let mut connection = match (security, tls) {
            (Security::Tls, Some(tls)) => {
                let connecting = AsyncSmtpConnection::connect_tokio1(
                    (host, port),
                    Some(CONNECT_TIMEOUT),
                    &hello,
                    Some(tls),
                    None,
                );
                within(CONNECT_TIMEOUT, connecting).await.map_err(later)?
            }
            (Security::StartTls, Some(tls)) => {
                let mut connection = greet(host, port, &hello).await?;
                if !connection.can_starttls() {
                    quit(&mut connection).await;
                    return Err(Stop::Later(
                        "the server offers no STARTTLS; nothing was sent in the clear".to_owned(),
                    ));
                }
                let upgrade = connection.starttls(tls, &hello);
                within(CONNECT_TIMEOUT, upgrade).await.map_err(later)?;
                connection
            }
            (Security::Plain, _) => greet(host, port, &hello).await?,
            (Security::Tls | Security::StartTls, None) => {
                return Err(Stop::Later("TLS is not set up".to_owned()));
            }
        };
        // Greeted again for the size, which the connection does not keep; a server starts over.
        let greeting = within(COMMAND_TIMEOUT, connection.command(Ehlo::new(hello)))
            .await
            .map_err(later)?;
        let size_max = greeting
            .message()
            .filter_map(|line| line.strip_prefix("SIZE "))
            .find_map(|size| size.trim().parse().ok())
            .filter(|size| *size > 0);
        Ok(Self {
            connection,
            size_max,
        })
    }

    /// Logs in.
    pub(super) async fn login(&mut self, user: &str, password: &str) -> Result<(), Stop> {
        let credentials = Credentials::new(user.to_owned(), password.to_owned());
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        let login = self.connection.auth(&mechanisms, &credentials);
        match within(COMMAND_TIMEOUT, login).await {
            Ok(_) => Ok(()),
            Err(Broken::Said(error)) if error.is_permanent() => {
                Err(Stop::Login(Broken::Said(error).reason()))
            }
            Err(other) => Err(later(other)),
        }
    }

    /// Hands over one mail to one recipient.
    pub(super) async fn deliver(
        &mut self,
        sender: &Address,
        recipient: &Address,
        eml: &[u8],
    ) -> Result<(), Stop> {
        let mut parameters = Vec::new();
        if let Some(size_max) = self.size_max {
            if eml.len() > size_max {
                return Err(Stop::Refused(format!(
                    "the mail has {} bytes and the server takes {size_max}; set `attachments = false` \
                     in its report",
                    eml.len()
                )));
            }
            parameters.push(MailParameter::Size(eml.len()));
        }
        self.say(Mail::new(Some(sender.clone()), parameters))
            .await?;
        self.say(Rcpt::new(recipient.clone(), Vec::new())).await?;
        self.say(Data).await?;
        match within(DELIVERY_TIMEOUT, self.connection.message(eml)).await {
            Ok(_) => Ok(()),
            Err(Broken::Said(error)) if error.is_permanent() => {
                Err(Stop::Refused(Broken::Said(error).reason()))
            }
            Err(Broken::Said(error)) if error.is_transient() => {
                Err(Stop::Later(Broken::Said(error).reason()))
            }
            Err(other) => Err(Stop::Unsure(format!(
                "no answer came after the mail was sent: {}",
                other.reason()
            ))),
        }
    }

    /// Says goodbye.
    pub(super) async fn close(mut self) {
        quit(&mut self.connection).await;
    }

    async fn say(&mut self, command: impl std::fmt::Display) -> Result<(), Stop> {
        match within(COMMAND_TIMEOUT, self.connection.command(command)).await {
            Ok(_) => Ok(()),
            Err(Broken::Said(error)) if error.is_permanent() => {
                Err(Stop::Refused(Broken::Said(error).reason()))
            }
            Err(other) => Err(later(other)),
        }
    }
}

async fn greet(host: &str, port: u16, hello: &ClientId) -> Result<AsyncSmtpConnection, Stop> {
    let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect((host, port)))
        .await
        .map_err(|_| Stop::Later("the server did not answer in time".to_owned()))?
        .map_err(|cause| Stop::Later(format!("the server cannot be reached: {cause}")))?;
    let greeting =
        AsyncSmtpConnection::connect_with_transport(Box::new(NarrowStream(stream)), hello);
    within(COMMAND_TIMEOUT, greeting).await.map_err(later)
}

async fn quit(connection: &mut AsyncSmtpConnection) {
    // The mail's fate is decided; whether the server says goodbye does not matter.
    let _ = tokio::time::timeout(QUIT_TIMEOUT, connection.quit()).await;
}

/// What broke a step.
enum Broken {
    /// The server answered so, or the connection failed.
    Said(Error),
    /// Nothing came in time.
    Silence(Duration),
}

impl Broken {
    fn reason(&self) -> String {
        let text = match self {
            Self::Said(error) => error.to_string(),
            Self::Silence(waited) => format!("nothing came for {} seconds", waited.as_secs()),
        };
        text.chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .take(REASON_MAX)
            .collect()
    }
}

async fn within<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, Error>>,
) -> Result<T, Broken> {
    match tokio::time::timeout(limit, step).await {
        Ok(answer) => answer.map_err(Broken::Said),
        Err(_) => Err(Broken::Silence(limit)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn later(broken: Broken) -> Stop {
    Stop::Later(broken.reason())
}
