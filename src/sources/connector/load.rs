//! Finding a connector file, built in or of the company's own, and checking what types cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::paginate::PaginateSpec;
use super::spec::{ConnectorSpec, StreamSpec};
use crate::config::{FieldMap, SourceConfig};
use crate::sources::error::SourceError;

/// The connectors that crossfoot has.
const BUILT_IN: [(&str, &str); 2] = [
    (
        "hubspot",
        include_str!("../../../config/connectors/hubspot.toml"),
    ),
    (
        "stripe",
        include_str!("../../../config/connectors/stripe.toml"),
    ),
];

/// The connector of a source, with the source's own fields laid over its maps.
pub(in crate::sources) fn load(
    source_name: &str,
    config: &SourceConfig,
    base: &Path,
) -> Result<ConnectorSpec, SourceError> {
    let name = config.connector.as_str();
    let built_in = BUILT_IN.iter().find(|(known, _)| *known == name);
    let text = match built_in {
        Some((_, text)) => (*text).to_owned(),
        None if name.contains(['/', '.']) => std::fs::read_to_string(base.join(name))
            .map_err(|error| bad(name, &error.to_string()))?,
        None => {
            let known: Vec<&str> = BUILT_IN.iter().map(|(known, _)| *known).collect();
            return Err(SourceError::UnknownConnector {
                source_name: source_name.to_owned(),
                connector: name.to_owned(),
                known: format!("{}, files", known.join(", ")),
            });
        }
    };
    let mut spec: ConnectorSpec =
        toml::from_str(&text).map_err(|error| bad(name, error.to_string().trim()))?;
    for feed in spec
        .stream
        .iter_mut()
        .flat_map(|stream| &mut stream.list)
        .flat_map(|list| &mut list.feed)
    {
        if let Some(own) = config.map.get(&feed.entity) {
            overlay(&mut feed.map, own);
        }
    }
    check(name, &spec)?;
    Ok(spec)
}

fn overlay(map: &mut FieldMap, own: &FieldMap) {
    map.extend(
        own.iter()
            .map(|(column, rule)| (column.clone(), rule.clone())),
    );
}

fn bad(file: &str, detail: &str) -> SourceError {
    SourceError::BadConnector {
        file: file.to_owned(),
        detail: detail.to_owned(),
    }
}

fn check(file: &str, spec: &ConnectorSpec) -> Result<(), SourceError> {
    let mut names = BTreeSet::new();
    for stream in &spec.stream {
        if !names.insert(stream.name.as_str()) {
            return Err(bad(
                file,
                &format!("two streams are called `{}`", stream.name),
            ));
        }
        check_stream(stream).map_err(|detail| bad(file, &detail))?;
    }
    check_sweeps(spec).map_err(|detail| bad(file, &detail))
}

fn check_stream(stream: &StreamSpec) -> Result<(), String> {
    let name = &stream.name;
    if let Some(incremental) = &stream.incremental
        && incremental.parameter.is_some()
        && incremental.header.is_some()
    {
        return Err(format!(
            "`incremental` of stream `{name}` has both `parameter` and `header`"
        ));
    }
    for list in &stream.list {
        if let PaginateSpec::Cursor {
            parameter, body, ..
        } = &list.paginate
            && parameter.is_some() == body.is_some()
        {
            return Err(format!(
                "`paginate` of stream `{name}` needs `parameter` or `body`"
            ));
        }
        for feed in &list.feed {
            if feed.each.is_some() && feed.lookup.is_some() {
                return Err(format!(
                    "a feed of stream `{name}` has both `each` and `lookup`"
                ));
            }
            if feed.rest.is_some() && feed.each.is_none() && feed.lookup.is_none() {
                return Err(format!(
                    "a feed of stream `{name}` has a `rest` and no children"
                ));
            }
            if feed.lookup.as_ref().is_some_and(|lookup| lookup.chunk == 0) {
                return Err(format!("a `lookup` of stream `{name}` has a chunk of 0"));
            }
        }
    }
    Ok(())
}

/// A full sweep of one stream would take for gone what another stream of the same entity brings.
fn check_sweeps(spec: &ConnectorSpec) -> Result<(), String> {
    let mut fed = BTreeMap::new();
    for stream in &spec.stream {
        for feed in stream.list.iter().flat_map(|list| &list.feed) {
            let first = fed.entry(feed.entity).or_insert(stream);
            if first.name != stream.name && (first.full_sweep || stream.full_sweep) {
                return Err(format!(
                    "{} are fed by two streams, `{}` and `{}`, so neither is a full sweep",
                    feed.entity, first.name, stream.name
                ));
            }
        }
    }
    Ok(())
}
