//! The mailer over SMTP.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::conversation::{Conversation, Stop};
use crate::fault::Failure;
use crate::mail::address::parse_address;
use crate::mail::url::Security;
use crate::mail::{MailError, Mailer, SendOutcome};
use crate::secret::Secret;
use crate::store::OutboxMail;

/// What an SMTP mailer needs to know.
pub(in crate::mail) struct SmtpSettings {
    /// How it is secured.
    pub(in crate::mail) security: Security,
    /// The server.
    pub(in crate::mail) host: String,
    /// Its port.
    pub(in crate::mail) port: u16,
    /// User and password.
    pub(in crate::mail) login: Option<(String, Secret)>,
    /// A certificate authority beside the system's, as PEM.
    pub(in crate::mail) authority: Option<Vec<u8>>,
}

/// Sends over SMTP.
pub(in crate::mail) struct SmtpMailer {
    settings: SmtpSettings,
    tls: Option<TlsParameters>,
    /// Set when the server refused the login. The password does not change while this lives, and
    /// every further try brings the account nearer to being locked.
    is_login_refused: AtomicBool,
}

impl SmtpMailer {
    /// Sets up TLS where it is asked for.
    pub(in crate::mail) fn new(settings: SmtpSettings) -> Result<Self, MailError> {
        let tls = match settings.security {
            Security::Plain => None,
            Security::Tls | Security::StartTls => Some(tls_parameters(&settings)?),
        };
        Ok(Self {
            settings,
            tls,
            is_login_refused: AtomicBool::new(false),
        })
    }

    async fn open(&self) -> Result<Conversation, Stop> {
        let settings = &self.settings;
        let mut conversation = Conversation::open(
            &settings.host,
            settings.port,
            settings.security,
            self.tls.clone(),
        )
        .await?;
        if let Some((user, password)) = &settings.login {
            let login = conversation.login(user, password.expose()).await;
            if let Err(stop) = login {
                conversation.close().await;
                return Err(stop);
            }
        }
        Ok(conversation)
    }

    async fn converse(&self, mail: &OutboxMail) -> Result<(), Stop> {
        let address = |field, text| {
            parse_address(field, text).map_err(|fault| Stop::Refused(fault.to_string()))
        };
        let (sender, recipient) = (
            address("from", &mail.sender)?,
            address("to", &mail.recipient)?,
        );
        let mut conversation = self.open().await?;
        let delivery = conversation.deliver(&sender, &recipient, &mail.eml).await;
        conversation.close().await;
        delivery
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &OutboxMail) -> SendOutcome {
        if self.is_login_refused.load(Ordering::SeqCst) {
            return SendOutcome::Rejected {
                reason: "the server refused the login before; it is not tried again".to_owned(),
            };
        }
        // The client writes every byte to its log, the login and the mail included: it is given
        // none.
        let end = self
            .converse(mail)
            .with_subscriber(NoSubscriber::new())
            .await;
        match end {
            Ok(()) => SendOutcome::Sent,
            Err(Stop::Later(reason)) => SendOutcome::Retry { reason },
            Err(Stop::Unsure(reason)) => SendOutcome::Unsure { reason },
            Err(Stop::Refused(reason)) => SendOutcome::Rejected { reason },
            Err(Stop::Login(reason)) => {
                self.is_login_refused.store(true, Ordering::SeqCst);
                SendOutcome::Rejected { reason }
            }
        }
    }

    async fn check(&self) -> Result<(), Failure> {
        match self.open().with_subscriber(NoSubscriber::new()).await {
            Ok(conversation) => {
                conversation
                    .close()
                    .with_subscriber(NoSubscriber::new())
                    .await;
                Ok(())
            }
            Err(stop) => {
                let (reason, is_transient) = match stop {
                    Stop::Later(reason) | Stop::Unsure(reason) => (reason, true),
                    Stop::Login(reason) | Stop::Refused(reason) => (reason, false),
                };
                Err(MailError::Server {
                    reason,
                    is_transient,
                }
                .into())
            }
        }
    }

    fn describe(&self) -> String {
        let scheme = match self.settings.security {
            Security::Tls => "smtps",
            Security::StartTls => "smtp+starttls",
            Security::Plain => "smtp",
        };
        format!("{scheme}://{}:{}", self.settings.host, self.settings.port)
    }
}

fn tls_parameters(settings: &SmtpSettings) -> Result<TlsParameters, MailError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.authority {
        let marker = b"-----BEGIN CERTIFICATE-----";
        if !pem.windows(marker.len()).any(|window| window == marker) {
            return Err(MailError::AuthorityEmpty);
        }
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(MailError::Tls)?);
    }
    builder.build().map_err(MailError::Tls)
}
