//! Settings that decide a comparison, in a file of their own, put over the configuration: what would
//! come of other rules is asked without changing the ones in force.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::Config;
use super::load::read_toml;
use super::problem::{ConfigError, Problem, nearest};
use super::reconcile::{IdentityConfig, Proration, ReconcileConfig, TaxRounding, ToleranceConfig};
use super::source::SourceRounding;
use super::validate::validate;
use super::values::DecimalText;

/// What may stand in such a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "only what can be typed is put over the configuration"
)]
struct Overrides {
    tolerance: Option<ToleranceConfig>,
    reconcile: Option<ReconcileConfig>,
    identity: Option<IdentityConfig>,
    company: Option<CompanyOverride>,
    #[serde(default)]
    source: BTreeMap<String, SourceOverride>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "only what can be typed is put over the configuration"
)]
struct CompanyOverride {
    materiality: Option<DecimalText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "only what can be typed is put over the configuration"
)]
struct SourceOverride {
    rounding: Option<SourceRounding>,
    proration: Option<Proration>,
    tax_rounding: Option<TaxRounding>,
    lag_days: Option<u16>,
    arrears_bill_day: Option<u8>,
}

impl Config {
    /// This configuration with the settings of a text over it; `path` names the text in errors.
    pub fn with_overrides(&self, text: &str, path: &Path) -> Result<Self, ConfigError> {
        let invalid = |problems: Vec<Problem>| ConfigError::Invalid {
            path: path.to_owned(),
            problems: Problem::sorted(problems),
        };
        let (overrides, places) = read_toml::<Overrides>(text).map_err(invalid)?;
        let mut problems: Vec<Problem> = Vec::new();
        for name in overrides.source.keys() {
            if !self.source.contains_key(name) {
                let known = self.source.keys().map(String::as_str);
                let message = match nearest(name, known) {
                    Some(near) => format!("there is no source `{name}`: did you mean `{near}`?"),
                    None => format!("there is no source `{name}`"),
                };
                problems.push(places.problem(&["source", name], &message));
            }
        }
        if !problems.is_empty() {
            return Err(invalid(problems));
        }
        let unwritable = |error: &dyn std::fmt::Display| {
            invalid(vec![Problem::at(text, None, &error.to_string())])
        };
        let mut merged = toml::Table::try_from(self).map_err(|error| unwritable(&error))?;
        let over: toml::Table = toml::from_str(text).map_err(|error| unwritable(&error))?;
        put_over(&mut merged, over);
        let mut config: Self = merged.try_into().map_err(|error| unwritable(&error))?;
        config.base.clone_from(&self.base);
        let problems = validate(&config, text, places.table());
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(invalid(problems))
        }
    }
}

/// Puts one table over another, entry by entry. A limit stands for itself: the other limits of the
/// same measure are not kept beside it.
fn put_over(table: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(values))
                if !values.contains_key("absolute") && !values.contains_key("percent") =>
            {
                put_over(inner, values);
            }
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: what a text names is changed and nothing else, and a wrong name is told with its place.
    // Method: a small configuration, once with a limit over it and once with a mistyped key.
    #[test]
    fn only_what_is_named_is_changed() {
        let text = "[company]\nname = \"N\"\ntimezone = \"UTC\"\ncurrency = \"USD\"\n\
                    [tolerance]\namount = { absolute = { USD = \"0.05\" }, percent = \"1\" }\n\
                    quantity = { absolute = \"2\" }\n[reconcile]\nlag_days = 7\n";
        let path = Path::new("crossfoot.toml");
        let config = Config::parse(text, path, Path::new("/base")).unwrap();
        let changed = config
            .with_overrides("[tolerance]\namount = { percent = \"5\" }\n", path)
            .unwrap();
        assert!(changed.tolerance.amount.absolute.is_none());
        assert!(changed.tolerance.quantity.absolute.is_some());
        assert_eq!(changed.reconcile.lag_days, 7);
        assert_eq!(changed.base, Path::new("/base"));
        let wrong = config
            .with_overrides(
                "[tolerance]\namuont = { percent = \"5\" }\n",
                Path::new("t.toml"),
            )
            .unwrap_err()
            .to_string();
        assert!(
            wrong.contains("t.toml:2:1") && wrong.contains("did you mean `amount`?"),
            "{wrong}"
        );
    }
}
