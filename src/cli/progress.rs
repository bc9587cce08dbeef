//! Progress as a bar on a terminal, and as log lines elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use crate::env::Progress;

/// The bars of this process, one at a time.
pub(crate) struct Bars {
    shown: bool,
    current: Mutex<Option<ProgressBar>>,
}

impl Bars {
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            shown: !quiet && std::io::stderr().is_terminal(),
            current: Mutex::new(None),
        }
    }

    fn with(&self, action: impl FnOnce(&mut Option<ProgressBar>)) {
        action(&mut self.current.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Progress for Bars {
    fn begin(&self, label: &str, steps: Option<u64>) {
        tracing::debug!("{label}: begins");
        if !self.shown {
            return;
        }
        let bar = match steps {
            Some(steps) => ProgressBar::new(steps),
            None => ProgressBar::new_spinner(),
        };
        let template = match steps {
            Some(_) => "{prefix:>12} [{bar:30}] {pos}/{len} {msg} (left: {eta})",
            None => "{prefix:>12} {spinner} {pos} {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(label.to_owned());
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        self.with(|current| *current = Some(bar));
    }

    fn advance(&self, steps: u64, note: &str) {
        tracing::debug!("{note}");
        self.with(|current| {
            if let Some(bar) = current {
                bar.inc(steps);
                bar.set_message(note.to_owned());
            }
        });
    }

    fn end(&self) {
        self.with(|current| {
            if let Some(bar) = current.take() {
                bar.finish_and_clear();
            }
        });
    }
}
