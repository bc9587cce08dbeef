//! From the configuration to the landing, with the keys of its encrypted files.

use crate::config::Config;
use crate::env::Env;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::landing::{KeyRing, Landing};
use crate::secret::{SecretError, SecretRef};

/// A key of the landing that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the secret `landing.{key}` could not be read")]
struct LandingKeyError {
    key: &'static str,
    #[source]
    cause: SecretError,
}

impl Fault for LandingKeyError {
    fn code(&self) -> &'static str {
        "XF-L015"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some(self.cause.hint())
    }

    fn effect(&self) -> Option<String> {
        Some("nothing is read or written".into())
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// The keys of the landing.
pub fn landing_keys(config: &Config) -> Result<KeyRing, Failure> {
    let read = |key: &'static str, reference: &SecretRef| {
        let secret = reference.resolve(&config.base);
        secret.map_err(|cause| LandingKeyError { key, cause })
    };
    let newest = config.landing.encryption_key.as_ref();
    let newest = newest.map(|reference| read("encryption_key", reference));
    let older = config.landing.old_encryption_keys.iter();
    let older = older.map(|reference| read("old_encryption_keys", reference));
    KeyRing::new(
        newest.transpose()?.as_ref(),
        &older.collect::<Result<Vec<_>, _>>()?,
    )
}

/// Opens the landing to write to it.
pub fn open_landing(env: &Env) -> Result<Landing, Failure> {
    Ok(Landing::open(&env.landing_root)?.with_keys(landing_keys(&env.config)?))
}

/// Opens the landing to read it alone.
pub fn read_landing(env: &Env) -> Result<Landing, Failure> {
    Ok(Landing::open_for_reading(&env.landing_root)?.with_keys(landing_keys(&env.config)?))
}
