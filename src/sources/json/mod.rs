//! JSON whose numbers keep their own text. serde_json reads a number into a float unless its
//! `arbitrary_precision` is on, which changes every other user of the crate; an amount may never
//! pass through one.

mod node;
mod parse;
mod path;

pub(super) use node::Json;
pub(super) use parse::parse;
pub(super) use path::{Path, Scope};
