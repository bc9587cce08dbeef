//! Entering an API: before the first request, what differs by customer is found out: the host that
//! the token names, and what the connector asks for with `discover`.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::session::Session;
use super::template::{Names, RequestPlan};
use super::transport::Patience;
use crate::fault::Failure;
use crate::sources::connector::DiscoverSpec;
use crate::sources::error::SourceError;
use crate::sources::json::{Json, Path, Scope};

/// The way in.
pub(super) struct Entry {
    questions: Vec<Question>,
    /// The hosts that a token may name, where tokens name one that is to be followed.
    token_hosts: Option<Vec<String>>,
    /// Whether one host that the configuration names stands in for all of the vendor's.
    is_overridden: bool,
    entered: OnceCell<Arc<Session>>,
}

#[derive(Debug)]
struct Question {
    request: RequestPlan,
    authorised: bool,
    base_url: Option<Path>,
    hosts: Vec<String>,
    names: Vec<(String, Path)>,
}

impl Entry {
    pub(super) fn new(
        specs: &[DiscoverSpec],
        token_hosts: Option<Vec<String>>,
        is_overridden: bool,
    ) -> Self {
        let questions = specs.iter().map(|spec| Question {
            request: RequestPlan::new(&spec.request, std::iter::empty()),
            authorised: spec.authorised,
            base_url: spec.base_url.as_deref().map(Path::new),
            hosts: spec.hosts.clone(),
            names: spec
                .names
                .iter()
                .map(|(name, path)| (name.clone(), Path::new(path)))
                .collect(),
        });
        Self {
            questions: questions.collect(),
            token_hosts,
            is_overridden,
            entered: OnceCell::new(),
        }
    }

    /// The session as it is once everything is found out; it is asked for once.
    pub(super) async fn enter(
        &self,
        session: &Arc<Session>,
        patience: Patience,
    ) -> Result<Arc<Session>, Failure> {
        session
            .transport
            .budget
            .restore(&session.transport.clock)
            .await?;
        let follows_token = self.token_hosts.is_some() && !self.is_overridden;
        if self.questions.is_empty() && !follows_token {
            return Ok(Arc::clone(session));
        }
        self.entered
            .get_or_try_init(|| self.find_out(session, patience))
            .await
            .cloned()
    }

    async fn find_out(
        &self,
        session: &Arc<Session>,
        patience: Patience,
    ) -> Result<Arc<Session>, Failure> {
        let source_name = session.source_name();
        let mut origin = session.origin.clone();
        if let Some(hosts) = self.token_hosts.as_ref().filter(|_| !self.is_overridden) {
            let named = session
                .authoriser
                .api_url(&session.transport, patience)
                .await?;
            if let Some(url) = named {
                origin = origin.moved_to(source_name, &url, hosts)?;
            }
        }
        let mut plain: BTreeMap<String, String> = session.plain.clone();
        for question in &self.questions {
            let names = Names {
                plain: &plain,
                given: &[],
                record: None,
                inputs: &[],
            };
            let call = question.request.call(&origin, "discovery", names)?;
            let fits = |json: Json<'_>| question.lacks(json);
            let reply = if question.authorised {
                session.fetch(&call, &fits, patience).await?
            } else {
                session.fetch_bare(&call, &fits, patience).await?
            };
            let scope = Scope::of(reply.json.root());
            if let Some(url) = question.base_url.as_ref().and_then(|path| path.text(scope)) {
                origin = if self.is_overridden {
                    origin.with_path_of(url)
                } else {
                    origin.moved_to(source_name, url, &question.hosts)?
                };
            }
            for (name, path) in &question.names {
                // What stands in one segment of a path has no slash at its ends.
                let text = path.text(scope).unwrap_or_default().trim_matches('/');
                if text.is_empty() || text.contains('/') {
                    return Err(SourceError::BadConnector {
                        file: session.transport.connector.clone(),
                        detail: format!("what was found for `{{{name}}}` cannot stand in a path"),
                    }
                    .into());
                }
                plain.insert(name.clone(), text.to_owned());
            }
        }
        Ok(Arc::new(session.moved(origin, plain)))
    }
}

impl Question {
    fn lacks(&self, json: Json<'_>) -> Result<(), String> {
        let scope = Scope::of(json);
        let paths = self.base_url.iter();
        let mut paths = paths.chain(self.names.iter().map(|(_, path)| path));
        match paths.find(|path| path.text(scope).is_none()) {
            None => Ok(()),
            Some(path) => Err(format!("the body has no text at `{}`", path.text_form())),
        }
    }
}
