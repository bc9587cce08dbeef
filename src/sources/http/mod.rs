//! Pulling from an HTTP API, as its connector file describes it. `pull` is the way in; below it
//! `list` walks the pages of one list, `session` authorises a call and answers a 401, `transport`
//! sends it with retries inside the rate budget, and `exchange` reads one answer.

mod auth;
mod body;
mod call;
mod children;
mod client;
mod exchange;
mod guard;
mod list;
mod oauth;
mod origin;
mod pager;
mod plan;
mod probe;
mod pull;
mod redact;
mod retry_after;
mod sealed;
mod session;
mod template;
mod throttle;
mod transport;

pub(super) use pull::open;
