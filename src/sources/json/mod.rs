//! JSON whose numbers keep their own text. serde_json reads a number into a float unless its
//! `arbitrary_precision` is on, which changes every other user of the crate; an amount may never
//! pass through one.
//!
//! What is read stays the text that it was: a [`Document`] holds the text and a flat list of where
//! each value stands in it, and a [`Json`] is a place in that list. Nothing is copied on the way to
//! a column. What is written to a server is built as a [`Tree`].

mod document;
mod escape;
mod keys;
mod nested;
mod node;
mod parse;
mod path;
mod scan;
mod tree;
mod write;

pub(super) use document::{Document, Json, Shape, together};
pub(super) use parse::{parse, parse_text};
pub(super) use path::{Path, Scope};
pub(super) use tree::Tree;
pub(super) use write::write_text;
