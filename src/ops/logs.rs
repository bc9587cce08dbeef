//! The log: standard error, one JSON object a line for machines, plain lines for people.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::{self, MakeWriter, format};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::error::OpsError;
use crate::config::LogFormat;

/// Sets up the log of this process. Without a format it is text on a terminal and JSON otherwise;
/// `verbosity` counts the `-v` and takes the `-q` off; -3 is silence. Colours only on a terminal, and not when
/// `NO_COLOR` is set.
pub fn init(format: Option<LogFormat>, verbosity: i8) -> Result<(), OpsError> {
    let on_terminal = io::stderr().is_terminal();
    let format = format.unwrap_or(if on_terminal {
        LogFormat::Text
    } else {
        LogFormat::Json
    });
    subscriber(format, verbosity, on_terminal, io::stderr)
        .try_init()
        .map_err(|_| OpsError::LogTwice)
}

/// A log that goes to `writer`.
pub fn subscriber<W>(
    format: LogFormat,
    verbosity: i8,
    colours: bool,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let registry = Registry::default().with(filter(verbosity));
    match format {
        LogFormat::Json => Box::new(
            registry.with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_current_span(true)
                    .with_span_list(false)
                    .with_writer(writer),
            ),
        ),
        LogFormat::Text => {
            let layer = fmt::layer()
                .fmt_fields(text_fields())
                .with_target(false)
                .with_writer(writer);
            // Where colours are right, the layer's own default leaves the last word to `NO_COLOR`.
            if colours {
                Box::new(registry.with(layer))
            } else {
                Box::new(registry.with(layer.with_ansi(false)))
            }
        }
    }
}

/// What is worth a line. Other crates stay quiet even at `-vv`: at their most talkative some
/// print what they send, and a secret could be in it.
fn filter(verbosity: i8) -> EnvFilter {
    EnvFilter::new(match verbosity {
        ..=-3 => "off",
        -2 => "error",
        -1 => "warn",
        0 => "warn,crossfoot=info",
        1 => "warn,crossfoot=debug",
        2.. => "info,crossfoot=trace",
    })
}

/// The fields of a text line: values as they are, but control characters spelled out, so that a
/// customer's name can neither start a line of its own nor colour the terminal.
fn text_fields() -> impl for<'writer> fmt::FormatFields<'writer> + Send + Sync + 'static {
    format::debug_fn(|writer, field, value| {
        let mut text = String::new();
        write!(text, "{value:?}")?;
        if field.name() != "message" {
            write!(writer, "{}=", field.name())?;
        }
        for letter in text.chars() {
            if letter.is_control() || is_invisible(letter) {
                write!(writer, "{}", letter.escape_unicode())?;
            } else {
                writer.write_char(letter)?;
            }
        }
        Ok(())
    })
    .delimited(" ")
}

/// Line and paragraph separators, and the marks that turn the direction of writing.
const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat, verbosity: i8, log: impl FnOnce()) -> String {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber = subscriber(format, verbosity, false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, log);
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    const HOSTILE: &str = "Evil\r\n{\"level\":\"ERROR\"}\u{1b}[31m\u{9b}2J\u{202e}\u{2028}\u{0}";

    /// Goal: a hostile name cannot forge a line of JSON, and fields are flat.
    /// Method: log it as a message and as a field, inside a run's span; read every line back.
    #[test]
    fn each_json_line_is_one_object() {
        let log = written(LogFormat::Json, 0, || {
            let span = tracing::info_span!(target: "crossfoot", "run", "run.id" = "r1");
            let _inside = span.enter();
            tracing::info!(target: "crossfoot", { source.name = HOSTILE }, "read {HOSTILE}");
        });
        assert_eq!(log.lines().count(), 1);
        let line: serde_json::Value = serde_json::from_str(log.trim()).unwrap();
        assert_eq!(line["source.name"], HOSTILE);
        assert_eq!(line["span"]["run.id"], "r1");
        assert_eq!(line["level"], "INFO");
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
        assert!(
            !log.trim_end()
                .chars()
                .any(|letter| letter.is_control() && letter < ' ')
        );
    }

    /// Goal: in text, it stays one line without control characters.
    /// Method: the same name as a value shown as it is, and as a debug value.
    #[test]
    fn each_text_line_is_one_line() {
        let log = written(LogFormat::Text, 0, || {
            let span = tracing::info_span!(target: "crossfoot", "run", "run.id" = %HOSTILE);
            let _inside = span.enter();
            tracing::info!(target: "crossfoot", shown = %HOSTILE, debug = HOSTILE, "read {HOSTILE}");
        });
        assert_eq!(log.lines().count(), 1, "{log}");
        let line = log.trim_end_matches('\n');
        assert!(
            !line
                .chars()
                .any(|letter| letter.is_control() || is_invisible(letter)),
            "{line}"
        );
        assert!(line.contains("read Evil\\u{d}\\u{a}"), "{line}");
    }

    /// Goal: -q and -v choose what is told, and other crates stay quiet.
    /// Method: one line of each level of ours and of another's, at each verbosity.
    #[test]
    fn verbosity_chooses() {
        let lines = |verbosity| {
            written(LogFormat::Text, verbosity, || {
                tracing::error!(target: "crossfoot", "ours-error");
                tracing::warn!(target: "crossfoot", "ours-warn");
                tracing::info!(target: "crossfoot", "ours-info");
                tracing::debug!(target: "crossfoot", "ours-debug");
                tracing::trace!(target: "crossfoot", "ours-trace");
                tracing::debug!(target: "hyper", "theirs-debug");
                tracing::info!(target: "hyper", "theirs-info");
            })
            .lines()
            .count()
        };
        assert_eq!(
            [lines(-2), lines(-1), lines(0), lines(1), lines(2)],
            [1, 2, 3, 4, 6]
        );
    }
}
