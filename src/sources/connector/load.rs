//! Finding a connector file, built in or of the company's own, with the source's own fields laid over it.

use std::path::Path;

use super::check;
use super::list::Pass;
use super::spec::ConnectorSpec;
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
        // The other passes read ids alone.
        .filter(|list| matches!(list.pass, Pass::Changes | Pass::Open))
        .flat_map(|list| &mut list.feed)
    {
        if let Some(own) = config.map.get(&feed.entity) {
            overlay(&mut feed.map, own);
        }
    }
    check::check(&spec).map_err(|detail| bad(name, &detail))?;
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
