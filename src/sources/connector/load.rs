//! Finding a connector file, built in or of the company's own, with the source's own fields laid over it.

use std::path::Path;

use super::check;
use super::spec::ConnectorSpec;
use crate::config::{FieldMap, FieldRule, SourceConfig};
use crate::sources::error::SourceError;

/// The connectors that crossfoot has.
const BUILT_IN: [(&str, &str); 12] = [
    (
        "autotask",
        include_str!("../../../config/connectors/autotask.toml"),
    ),
    (
        "chargebee",
        include_str!("../../../config/connectors/chargebee.toml"),
    ),
    (
        "connectwise",
        include_str!("../../../config/connectors/connectwise.toml"),
    ),
    (
        "halopsa",
        include_str!("../../../config/connectors/halopsa.toml"),
    ),
    (
        "hubspot",
        include_str!("../../../config/connectors/hubspot.toml"),
    ),
    (
        "microsoft-partner",
        include_str!("../../../config/connectors/microsoft-partner.toml"),
    ),
    (
        "quickbooks",
        include_str!("../../../config/connectors/quickbooks.toml"),
    ),
    (
        "salesforce",
        include_str!("../../../config/connectors/salesforce.toml"),
    ),
    (
        "stripe",
        include_str!("../../../config/connectors/stripe.toml"),
    ),
    ("xero", include_str!("../../../config/connectors/xero.toml")),
    (
        "zoho-crm",
        include_str!("../../../config/connectors/zoho-crm.toml"),
    ),
    (
        "zuora",
        include_str!("../../../config/connectors/zuora.toml"),
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
    share_feeds(&mut spec).map_err(|detail| bad(name, &detail))?;
    let roles = config
        .role
        .as_ref()
        .unwrap_or(&spec.role)
        .as_slice()
        .to_vec();
    spec.stream
        .retain(|stream| stream.role.is_none_or(|role| roles.contains(&role)));
    for feed in spec
        .stream
        .iter_mut()
        .flat_map(|stream| &mut stream.list)
        // The other passes read ids alone.
        .filter(|list| list.pass.lands())
        .flat_map(|list| &mut list.feed)
    {
        if let Some(own) = config.map.get(&feed.entity) {
            overlay(&mut feed.map, own);
        }
    }
    check::check(&spec).map_err(|detail| bad(name, &detail))?;
    Ok(spec)
}

/// Gives each list with `feeds_of` the feeds of the list that it names.
fn share_feeds(spec: &mut ConnectorSpec) -> Result<(), String> {
    for stream in &mut spec.stream {
        for at in 0..stream.list.len() {
            let (before, rest) = stream.list.split_at_mut(at);
            let Some(list) = rest.first_mut() else {
                continue;
            };
            let Some(named) = &list.feeds_of else {
                continue;
            };
            let shared = before
                .iter()
                .find(|other| other.name.as_ref() == Some(named));
            match shared {
                Some(other) if list.feed.is_empty() => list.feed.clone_from(&other.feed),
                Some(_) => return Err(format!("a list has `feed` and `feeds_of = \"{named}\"`")),
                None => return Err(format!("`feeds_of` names no list before it: `{named}`")),
            }
        }
    }
    Ok(())
}

fn overlay(map: &mut FieldMap, own: &FieldMap) {
    for (column, rule) in own {
        let mut table = rule.table();
        // The vendor's own merges stay links beside those that the source adds.
        if let Some(present) = map.get(column).filter(|_| column == "linked_ids") {
            table.also = Some(Box::new(present.table()));
        }
        map.insert(column.clone(), FieldRule::Table(Box::new(table)));
    }
}

fn bad(file: &str, detail: &str) -> SourceError {
    SourceError::BadConnector {
        file: file.to_owned(),
        detail: detail.to_owned(),
    }
}
