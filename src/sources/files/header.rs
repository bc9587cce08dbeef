//! Which rule reads which column of a file: the canonical names by themselves, others by
//! `[source.x.map.<entity>]`.

use std::collections::BTreeSet;

use rapidfuzz::distance::damerau_levenshtein;

use crate::canonical::Entity;
use crate::config::{FieldMap, FieldRule, FieldTable};

/// A column that the header lacks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lacking {
    /// The column of the file.
    pub(super) column: String,
    /// The canonical column that needs it.
    pub(super) field: String,
    /// The column of the file that is spelled nearly the same.
    pub(super) near: Option<String>,
}

/// The rules for a file: the configured ones, and for all other columns that the file has their own
/// names.
pub(super) fn rules(
    entity: Entity,
    own: Option<&FieldMap>,
    header: Option<&[String]>,
) -> Result<FieldMap, Lacking> {
    let mut rules = own.cloned().unwrap_or_default();
    if let Some(header) = header {
        for (field, rule) in &rules {
            check_rule(field, rule, header)?;
        }
    }
    for column in entity.columns().filter(|column| column.name != "source") {
        let is_there = header.is_none_or(|header| header.iter().any(|name| name == column.name));
        if rules.contains_key(column.name) {
            continue;
        }
        if is_there {
            rules.insert(
                column.name.to_owned(),
                FieldRule::Path(column.name.to_owned()),
            );
        } else if column.required && !matches!(column.name, "updated_at" | "deleted") {
            return Err(lacking(
                column.name,
                column.name,
                header.unwrap_or_default(),
            ));
        }
    }
    Ok(rules)
}

/// The columns that the rules read.
pub(super) fn read_by(rules: &FieldMap) -> BTreeSet<String> {
    let tables: Vec<FieldTable> = rules.values().map(FieldRule::table).collect();
    let paths = tables.iter().flat_map(FieldTable::all_paths);
    paths.map(str::to_owned).collect()
}

/// The columns that no rule reads; they are kept in `raw` and nowhere else.
pub(super) fn unread<'h>(
    entity: Entity,
    read: &BTreeSet<String>,
    columns: impl Iterator<Item = &'h str>,
) -> BTreeSet<String> {
    columns
        .filter(|column| !read.contains(*column) && entity.index_of(column).is_none())
        .map(str::to_owned)
        .collect()
}

fn check_rule(field: &str, rule: &FieldRule, header: &[String]) -> Result<(), Lacking> {
    let table = rule.table();
    let has = |path: &str| header.iter().any(|name| name == path);
    let is_optional = table.value.is_some();
    let paths = table.paths();
    if let Some(first) = paths.first()
        && !is_optional
        && !paths.iter().any(|path| has(path))
    {
        return Err(lacking(first, field, header));
    }
    let beside = table.all_paths().skip(paths.len()).find(|path| !has(path));
    match beside {
        Some(path) => Err(lacking(path, field, header)),
        None => Ok(()),
    }
}

fn lacking(column: &str, field: &str, header: &[String]) -> Lacking {
    Lacking {
        column: column.to_owned(),
        field: field.to_owned(),
        near: near(column, header),
    }
}

/// The header's nearest spelling: case, blanks and signs do not count.
fn near(column: &str, header: &[String]) -> Option<String> {
    let plain = |name: &str| -> String {
        name.chars()
            .filter(|letter| letter.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let wanted = plain(column);
    header
        .iter()
        .map(|name| {
            (
                damerau_levenshtein::distance(wanted.chars(), plain(name).chars()),
                name,
            )
        })
        .filter(|(distance, _)| *distance <= 1 + wanted.len() / 4)
        .min()
        .map(|(_, name)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_required_column_must_be_there_under_its_own_or_a_mapped_name() {
        let names = header(&["id", "Account ID", "sku", "quantity", "starts_on", "extra"]);
        let lacks = rules(Entity::Usage, None, Some(&names)).unwrap_err();
        assert_eq!(
            (lacks.column.as_str(), lacks.near.as_deref()),
            ("account_id", Some("Account ID"))
        );
        let own: FieldMap = toml::from_str("account_id = 'Account ID'").unwrap();
        let found = rules(Entity::Usage, Some(&own), Some(&names)).unwrap();
        assert_eq!(found.len(), 5);
        let unread = unread(
            Entity::Usage,
            &read_by(&found),
            names.iter().map(String::as_str),
        );
        assert_eq!(unread, BTreeSet::from(["extra".to_owned()]));
    }

    #[test]
    fn a_mapped_column_that_is_gone_is_told() {
        let names = header(&["id", "account_id", "sku", "qty", "starts_on"]);
        let own: FieldMap = toml::from_str("quantity = 'quantiy'").unwrap();
        let lacks = rules(Entity::Usage, Some(&own), Some(&names)).unwrap_err();
        assert_eq!(
            (lacks.column.as_str(), lacks.field.as_str()),
            ("quantiy", "quantity")
        );
        let constant: FieldMap =
            toml::from_str("quantity = { from = 'gone', value = '1' }").unwrap();
        assert!(rules(Entity::Usage, Some(&constant), Some(&names)).is_ok());
    }
}
