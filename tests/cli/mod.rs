//! The command line as a user meets it: verbs, answers, errors and exit codes.

mod apis;
mod bad_input;
mod collections;
mod daemon;
mod landing;
mod nights;
mod parked;
mod rules;
mod settings;
