//! The command line as a user meets it: verbs, answers, errors and exit codes.

mod accounts;
mod apis;
mod bad_input;
mod cash;
mod claims;
mod collections;
mod corrections;
mod daemon;
mod explain;
mod explain_kinds;
mod landing;
mod matching;
mod nights;
mod parked;
mod periods;
mod recurring;
mod rules;
mod settings;
