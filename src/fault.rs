//! What every error of crossfoot can say of itself: a stable code, whether a retry helps, and
//! what a person can do. Stages define one error enum each and implement [`Fault`] for it.

use std::error::Error;
use std::fmt;

/// Whether trying again can help, and who tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same call may succeed in a moment; the engine that made it retries within its limits.
    Soon,
    /// Nothing to do now; the next scheduled run tries again.
    NextRun,
    /// Trying again gives the same answer until a person changes something.
    Never,
}

impl fmt::Display for Retry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Soon => "yes, within this run's limits",
            Self::NextRun => "no, the next run tries again",
            Self::Never => "no, until this is changed",
        })
    }
}

/// The process exit codes that scripts may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: failed.
    Failed,
    /// 2: wrong usage or configuration.
    Usage,
    /// 3: finished, but some source was failed, partial or stale.
    Incomplete,
    /// 4: a `--fail-on` threshold was crossed.
    Threshold,
    /// 75: another process holds the store.
    Held,
}

impl Exit {
    /// The number that the operating system sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            Self::Threshold => 4,
            Self::Held => 75,
        }
    }
}

/// What an error says beyond its message. Codes are `XF-<stage letter><3 digits>` and never reused.
pub trait Fault: Error + Send + Sync + 'static {
    /// The stable code, such as `XF-S004`.
    fn code(&self) -> &'static str;
    /// Whether a retry helps.
    fn retry(&self) -> Retry;
    /// What a person can do about it.
    fn hint(&self) -> Option<String> {
        None
    }
    /// What it means for the figures or for the work that goes on without this.
    fn effect(&self) -> Option<String> {
        None
    }
    /// The exit code when this ends the process.
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

/// Any stage's error, as it travels through jobs and the command line.
#[derive(Debug)]
pub struct Failure {
    fault: Box<dyn Fault>,
    effect: Option<String>,
}

impl<F: Fault> From<F> for Failure {
    fn from(fault: F) -> Self {
        Self {
            fault: Box::new(fault),
            effect: None,
        }
    }
}

impl Failure {
    /// Adds what the failure means for the work around it, as only the caller knows it.
    pub fn with_effect(mut self, effect: impl Into<String>) -> Self {
        self.effect = Some(effect.into());
        self
    }

    /// The error inside, where it is of this kind.
    pub fn fault<E: Fault>(&self) -> Option<&E> {
        let error: &(dyn Error + 'static) = self.fault.as_ref();
        error.downcast_ref()
    }

    /// The stable code of the error inside.
    pub fn code(&self) -> &'static str {
        self.fault.code()
    }

    /// Whether a retry helps.
    pub fn retry(&self) -> Retry {
        self.fault.retry()
    }

    /// The exit code of the process, were this its end.
    pub fn exit(&self) -> Exit {
        self.fault.exit()
    }

    /// The message and its causes on one line, for logs and for the store.
    pub fn line(&self) -> String {
        let mut line = format!("{}: {}", self.fault.code(), self.fault);
        let mut cause = self.fault.source();
        while let Some(inner) = cause {
            line.push_str(": ");
            line.push_str(&inner.to_string());
            cause = inner.source();
        }
        line
    }

    /// The error form of a terminal: what happened, its cause, its effect, whether it is retried,
    /// and what to do.
    pub fn report(&self) -> String {
        let mut lines = vec![format!("error[{}]: {}", self.fault.code(), self.fault)];
        let mut cause = self.fault.source();
        while let Some(inner) = cause {
            lines.push(format!("  cause: {inner}"));
            cause = inner.source();
        }
        if let Some(effect) = self.effect.clone().or_else(|| self.fault.effect()) {
            lines.push(format!("  effect: {effect}"));
        }
        lines.push(format!("  retry: {}", self.fault.retry()));
        if let Some(hint) = self.fault.hint() {
            lines.push(format!("  hint: {hint}"));
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.line())
    }
}
