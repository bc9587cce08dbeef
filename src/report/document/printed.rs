//! Every printed figure by name. A version of a report is new when one of them changed.
//!
//! Left out is what changes by the mere passing of time (ages of what is open, and the backlog by
//! age) and what says who works on what (owners, states, what is to be done): a report is no wrong
//! report because a day went by or an item found its owner. How the open set moved is in: it changes
//! only when something happened in the period.

use std::collections::BTreeMap;

use super::{Document, Headline};

/// The figures of a document, in the order of the page, each under a name of its own.
pub(in crate::report) fn printed_figures(document: &Document) -> Vec<(String, String)> {
    let mut printed = Vec::new();
    for headline in &document.headlines {
        printed.extend(of_headline(headline));
    }
    printed.extend(document.remarks.iter().map(|remark| of_sentence(remark)));
    for figure in &document.figures {
        let table = figure.table.iter();
        printed.extend(table.flat_map(|table| table.printed(&figure.title)));
    }
    printed.extend(document.top.printed(&document.top.title));
    let changes = document.changes.iter().map(|change| {
        let (name, value) = of_sentence(change);
        (format!("What changed: {name}"), value)
    });
    printed.extend(changes);
    let table = document.change_table.iter();
    printed.extend(table.flat_map(|table| table.printed(&table.title)));
    numbered(printed)
}

fn of_headline(headline: &Headline) -> Vec<(String, String)> {
    let mut printed = Vec::new();
    if !headline.is_aging {
        printed.push((headline.name.to_owned(), headline.value.clone()));
        let before = format!("{}, period before", headline.name);
        printed.push((before, headline.prior.clone()));
    }
    if let Some(note) = headline.note.as_ref().filter(|_| !headline.is_note_aging) {
        printed.push((format!("{}, beside it", headline.name), note.clone()));
    }
    printed
}

/// A sentence that begins with what it is about.
fn of_sentence(sentence: &str) -> (String, String) {
    let (name, value) = sentence.split_once(": ").unwrap_or(("Remark", sentence));
    (name.to_owned(), value.to_owned())
}

/// Two rows may have one name, as two items of a customer do.
fn numbered(printed: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    printed
        .into_iter()
        .map(|(name, value)| {
            let count = counts.entry(name.clone()).or_default();
            *count += 1;
            match *count {
                1 => (name, value),
                number => (format!("{name} ({number})"), value),
            }
        })
        .collect()
}
