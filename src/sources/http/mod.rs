//! Pulling from an HTTP API, as its connector file describes it. `pull` is the way in: it opens the
//! source, with its streams made ready by `compile` into the `plan`. A `stream_pull` takes its
//! `course` (everything, or a `window` after the `cursor`), and each list goes from the `reader`,
//! which cuts windows and ties counts, to the `mapper`, which knows what the records become. Below
//! them `list` walks the pages of one list, `session` authorises a call and answers a 401,
//! `transport` sends it with retries inside the rate budget, and `exchange` reads one answer.

mod asked;
mod auth;
mod body;
mod budget;
mod call;
mod changes;
mod children;
mod client;
mod compile;
mod compile_job;
mod condition;
mod content;
mod course;
mod cursor;
mod entry;
mod exchange;
mod guard;
mod job;
mod job_files;
mod job_plan;
mod jwt;
mod list;
mod list_pull;
mod mapper;
mod meaning;
mod missed;
mod oauth;
mod origin;
mod pager;
mod plan;
mod probe;
mod pull;
mod reader;
mod redact;
mod retry_after;
mod sealed;
mod session;
mod standing;
mod stream_pull;
mod tags;
mod template;
mod throttle;
mod transport;
mod window;

pub(super) use pull::open;
