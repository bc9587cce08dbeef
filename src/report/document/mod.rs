//! A report before it becomes HTML or text: every figure is printed, every name is harmless.

mod banner;
mod change;
mod clean;
mod footer;
mod frame;
mod numerals;
mod printed;
mod subject;
mod table;
mod threshold;
mod words;

use rust_decimal::Decimal;
use serde::Serialize;

pub(super) use banner::banner_block;
pub(super) use change::{Change, Measure, Polarity, Sample, change_of};
pub(super) use clean::{LABEL_MAX, NAME_MAX, clean, isolated};
pub(super) use footer::{Footer, footer_of};
pub(super) use frame::{Frame, HeadlineFigure};
pub(super) use numerals::{
    amount, coded_amount, count, day_of, days, days_between, percent, rate_or_counts, share,
};
pub(super) use printed::printed_figures;
pub(super) use subject::subject_of;
pub(super) use table::{Cell, Column, Rest, Table};
pub(super) use threshold::crossed_thresholds;
pub(super) use words::{kind_words, state_words};

/// The banner of the first screen.
#[derive(Debug, Clone, Serialize)]
pub(super) struct BannerBlock {
    /// `red`, `amber` or `blue`.
    pub(super) tone: &'static str,
    /// The word a reader sees first.
    pub(super) word: String,
    /// The sentence.
    pub(super) text: String,
    /// One line for each source that is not well.
    pub(super) lines: Vec<String>,
}

/// One headline figure.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Headline {
    /// What it is.
    pub(super) name: &'static str,
    /// The figure.
    pub(super) value: String,
    /// Whether `value` is words in place of a withheld figure.
    pub(super) is_withheld: bool,
    /// The figure of the period before.
    pub(super) prior: String,
    /// How it moved.
    pub(super) change: Change,
    /// What stands in small print below the name.
    pub(super) note: Option<String>,
    /// What a threshold says of it.
    pub(super) status: Option<String>,
    /// Whether the figure changes by the mere passing of time.
    #[serde(skip)]
    pub(super) is_aging: bool,
    /// Whether the note does.
    #[serde(skip)]
    pub(super) is_note_aging: bool,
    /// The exact figures behind `value` and `prior`, for the spreadsheet.
    #[serde(skip)]
    pub(super) exact: (Option<Decimal>, Option<Decimal>),
    /// How they are measured.
    #[serde(skip)]
    pub(super) measure: Measure,
}

/// A chart with the table that says the same.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Figure {
    /// The heading.
    pub(super) title: String,
    /// The chart's content id, where one was drawn.
    pub(super) content_id: Option<String>,
    /// The chart's message.
    pub(super) alt: String,
    /// Pixels that the chart is shown at.
    pub(super) width: u32,
    /// Pixels that the chart is shown at.
    pub(super) height: u32,
    /// The data.
    pub(super) table: Option<Table>,
}

/// A figure that a new version of the report changed.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Correction {
    /// Which figure.
    pub(super) figure: String,
    /// Before.
    pub(super) was: String,
    /// Now.
    pub(super) is: String,
}

/// All that the templates see.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Document {
    pub(super) title: &'static str,
    pub(super) company: String,
    pub(super) scope: String,
    pub(super) period: String,
    pub(super) short_period: String,
    pub(super) currency: String,
    /// Whether headlines are bare amounts in `currency`.
    pub(super) has_amounts: bool,
    pub(super) subject: String,
    pub(super) marks: Vec<String>,
    pub(super) banner: Option<BannerBlock>,
    pub(super) answer: String,
    pub(super) prior_period: String,
    pub(super) is_provisional: bool,
    pub(super) headlines: Vec<Headline>,
    pub(super) remarks: Vec<String>,
    pub(super) corrections: Vec<Correction>,
    pub(super) figures: Vec<Figure>,
    pub(super) top: Table,
    pub(super) changes: Vec<String>,
    pub(super) change_table: Option<Table>,
    pub(super) actions: Vec<String>,
    pub(super) action_table: Option<Table>,
    pub(super) definitions: Vec<(&'static str, &'static str)>,
    pub(super) footer: Footer,
}
