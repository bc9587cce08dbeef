//! What a verb works in: the configuration, the clock and the store, opened as far as it asks.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::Global;
use super::progress::Bars;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, LogFormat};
use crate::env::Env;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::landing::Landing;
use crate::scheduler::jobs::{match_landing, this_process};
use crate::store::{Access, OpenStore, Store, open_folder};

/// The log's verbosity when nothing but the answer is wanted.
const SILENT: i8 = -3;
/// The log's verbosity with `-q`.
const ERRORS_ONLY: i8 = -2;

/// Where a configuration is looked for when none is named.
const CONFIG_PATHS: [&str; 2] = ["crossfoot.toml", "/etc/crossfoot/crossfoot.toml"];

/// The global options, and what follows from them.
pub(crate) struct Context {
    global: Global,
    /// The time, as `--now` may set it.
    pub(crate) clock: Clock,
    /// The stores that were opened, to be closed at the end.
    opened: Mutex<Vec<Arc<dyn Store>>>,
}

/// A URL of the configuration that this version cannot serve.
#[derive(Debug, thiserror::Error)]
#[error("the landing's url is no folder: {0}")]
struct LandingUrlError(String);

impl Fault for LandingUrlError {
    fn code(&self) -> &'static str {
        "XF-K004"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some("write `url = \"file:var/landing\"`".into())
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// A secret of the configuration that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the secret `{key}` could not be read")]
pub(crate) struct SecretFault {
    pub(crate) key: &'static str,
    #[source]
    pub(crate) cause: crate::secret::SecretError,
}

impl Fault for SecretFault {
    fn code(&self) -> &'static str {
        "XF-K005"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some(self.cause.hint())
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl Context {
    pub(crate) fn new(global: Global) -> Self {
        let clock = global.now.map_or(Clock::System, Clock::set_at);
        Self {
            global,
            clock,
            opened: Mutex::default(),
        }
    }

    /// Leaves every store that was opened in order.
    pub(crate) async fn close(&self) {
        let opened =
            std::mem::take(&mut *self.opened.lock().unwrap_or_else(PoisonError::into_inner));
        for store in opened {
            store.close().await;
        }
    }

    /// Whether answers are JSON.
    pub(crate) fn json(&self) -> bool {
        self.global.json
    }

    /// The configuration file: the named one, or the first one that is there.
    pub(crate) fn config_path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.global.config {
            return if path.exists() {
                Ok(path.clone())
            } else {
                Err(ConfigError::Missing {
                    tried: vec![path.clone()],
                }
                .into())
            };
        }
        let tried: Vec<PathBuf> = CONFIG_PATHS.iter().map(PathBuf::from).collect();
        let found = tried.iter().find(|path| path.exists()).cloned();
        found.ok_or_else(|| ConfigError::Missing { tried }.into())
    }

    /// The configuration, checked.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Ok(Config::load(&self.config_path()?)?)
    }

    /// Begins the log of a verb. It says nothing that the verb's own answer says too, unless `-v`
    /// or a format in the configuration asks for it.
    pub(crate) fn begin_log(&self, config: Option<&Config>) {
        let format = config.and_then(|config| config.ops.log);
        if format.is_none() && self.global.verbose == 0 {
            self.start_log(None, SILENT);
        } else {
            self.begin_full_log(config);
        }
    }

    /// Begins the log of a daemon, in the format of the configuration.
    pub(crate) fn begin_full_log(&self, config: Option<&Config>) {
        let format = config.and_then(|config| config.ops.log);
        let louder = i8::try_from(self.global.verbose).unwrap_or(i8::MAX);
        self.start_log(
            format,
            if self.global.quiet {
                ERRORS_ONLY
            } else {
                louder
            },
        );
    }

    #[expect(
        clippy::unused_self,
        reason = "the log belongs to the process that the context is of"
    )]
    fn start_log(&self, format: Option<LogFormat>, verbosity: i8) {
        if let Err(error) = crate::ops::logs::init(format, verbosity) {
            super::output::error_line(&format!("warning: {error}"));
        }
    }

    fn keep_to_close(&self, store: &Arc<dyn Store>) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.push(Arc::clone(store));
    }

    /// Opens everything that a job needs.
    pub(crate) async fn open(&self, access: Access) -> Result<Env, Failure> {
        let config = self.config()?;
        self.begin_log(Some(&config));
        self.open_with(config, access, self.clock.clone()).await
    }

    /// Opens the store alone, whatever stands beside it.
    pub(crate) async fn open_store(
        &self,
        config: &Config,
        access: Access,
    ) -> Result<Arc<dyn Store>, Failure> {
        let store = crate::store::open(store_request(config, access)?).await?;
        self.keep_to_close(&store);
        Ok(store)
    }

    /// The same for a configuration that is at hand.
    pub(crate) async fn open_with(
        &self,
        config: Config,
        access: Access,
        clock: Clock,
    ) -> Result<Env, Failure> {
        let landing_root = landing_root(&config)?;
        let store = self.open_store(&config, access).await?;
        if access == Access::Write
            && let Some(folder) = open_folder(&config.store.url, &config.base)
        {
            super::output::error_line(&format!(
                "warning: anybody may write to the folder of the store, and so exchange it: run \
                 `chmod o-w {}`",
                folder.display()
            ));
        }
        let landing = Landing::open_for_reading(&landing_root)?;
        match_landing(store.as_ref(), &landing, access == Access::Write).await?;
        if access == Access::Write && clock.is_set() {
            warn_of_the_past(store.as_ref(), clock.now()).await?;
        }
        let spill_dir = match &config.engine.spill_dir {
            Some(folder) => config.resolve(folder),
            None => landing_root.join("_spill"),
        };
        Ok(Env {
            config: Arc::new(config),
            clock,
            store,
            landing_root,
            spill_dir,
            owner: this_process(),
            progress: Arc::new(Bars::new(self.global.quiet)),
        })
    }
}

/// Says that a run is about to be written before the last one: what it finds is not the newest.
async fn warn_of_the_past(store: &dyn Store, now: Timestamp) -> Result<(), Failure> {
    let last = store.runs(None, 1).await?.into_iter().next();
    if let Some(last) = last.filter(|last| last.started_at > now) {
        super::output::error_line(&format!(
            "warning: --now {now} is before the last run, which began at {}: what is written now \
             is older than what is known",
            last.started_at
        ));
    }
    Ok(())
}

/// What opening the store of a configuration takes.
pub(crate) fn store_request(config: &Config, access: Access) -> Result<OpenStore<'_>, Failure> {
    let password = match &config.store.password {
        Some(reference) => Some(
            reference
                .resolve(&config.base)
                .map_err(|cause| SecretFault {
                    key: "store.password",
                    cause,
                })?,
        ),
        None => None,
    };
    Ok(OpenStore {
        url: &config.store.url,
        password,
        base: &config.base,
        access,
    })
}

/// The folder of the landing.
pub(crate) fn landing_root(config: &Config) -> Result<PathBuf, Failure> {
    let url = &config.landing.url;
    let path = url
        .strip_prefix("file:")
        .ok_or_else(|| LandingUrlError(url.clone()))?;
    Ok(config.resolve(Path::new(path.strip_prefix("//").unwrap_or(path))))
}

/// The login name, for `--by`.
pub(crate) fn login_name() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "the login name is the environment's to say"
    )]
    let name = ["USER", "LOGNAME"]
        .iter()
        .find_map(|key| std::env::var(key).ok());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".into())
}
