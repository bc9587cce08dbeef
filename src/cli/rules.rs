//! `crossfoot reconcile --list`: the rules that there are.

use serde_json::json;

use super::context::Context;
use super::output::{self, Table};
use crate::fault::{Exit, Failure};
use crate::reconcile::{ACCOUNT_RULE, BILLING_RULE, RuleFile, WhichRule, rules_version};

/// Lists the billing rule, the configured rules and those that crossfoot has beside them.
pub(super) async fn list_rules(context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    context.begin_log(Some(&config));
    let mut rows = vec![json!({
        "name": BILLING_RULE,
        "file": null,
        "about": "what was sold and used against what was billed",
        "legs": ["contracts", "usage", "invoice_lines"],
        "key": [],
        "measures": ["quantity", "unit_price", "amount"],
        "every_reconcile": true,
        "rules_version": rules_version(&config, WhichRule::Billing),
        "error": null,
    })];
    let configured = config.reconcile.rules.iter().map(String::as_str);
    let embedded = RuleFile::names()
        .into_iter()
        .filter(|name| !matches!(*name, BILLING_RULE | ACCOUNT_RULE));
    let mut names: Vec<(&str, bool)> = configured.map(|name| (name, true)).collect();
    for name in embedded {
        if !names.iter().any(|(known, _)| *known == name) {
            names.push((name, false));
        }
    }
    let mut exit = Exit::Done;
    for (name, is_configured) in names {
        let found = match RuleFile::find(name, &config.base) {
            Ok(rule) => super::check::check_rule_file(&config, &rule)
                .await
                .map(|()| rule),
            Err(failure) => Err(failure),
        };
        rows.push(match found {
            Ok(rule) => json!({
                "name": rule.name,
                "file": name,
                "about": rule.about,
                "legs": rule.legs.iter().map(|leg| leg.name.as_str()).collect::<Vec<_>>(),
                "key": rule.key,
                "measures": rule.measures.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
                "every_reconcile": is_configured,
                "rules_version": rules_version(&config, WhichRule::File(&rule)),
                "error": null,
            }),
            Err(failure) => {
                exit = failure.exit();
                json!({
                    "name": name,
                    "file": name,
                    "every_reconcile": is_configured,
                    "error": failure.line(),
                })
            }
        });
    }
    let fields = &config.reconcile.account_fields;
    let accounts = json!({
        "name": ACCOUNT_RULE,
        "file": null,
        "about": "what the CRM and the billing system keep of one customer",
        "legs": ["accounts", "contracts"],
        "key": ["account"],
        "measures": fields.iter().map(|field| field.name()).collect::<Vec<_>>(),
        "every_reconcile": !fields.is_empty(),
        "rules_version": rules_version(&config, WhichRule::Accounts),
        "error": null,
    });
    // Behind those that are compared in every reconcile, before those that could be.
    let optional = rows.iter().position(|row| row["every_reconcile"] == false);
    rows.insert(optional.unwrap_or(rows.len()), accounts);
    if context.json() {
        output::json(&rows)?;
        return Ok(exit);
    }
    let mut table = Table::new(&[
        "rule",
        "file",
        "legs",
        "key",
        "measures",
        "every reconcile",
        "version",
        "about",
    ]);
    for row in &rows {
        let text = |name: &str| match &row[name] {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Array(all) => all
                .iter()
                .filter_map(serde_json::Value::as_str)
                .collect::<Vec<_>>()
                .join(", "),
            serde_json::Value::Bool(true) => "yes".to_owned(),
            serde_json::Value::Bool(false) => "no".to_owned(),
            _ => String::new(),
        };
        table.row(
            [
                "name",
                "file",
                "legs",
                "key",
                "measures",
                "every_reconcile",
                "rules_version",
                "about",
            ]
            .map(text),
        );
        if let Some(error) = row["error"].as_str() {
            output::error_line(&format!("rule `{}`: {error}", text("name")));
        }
    }
    table.print("there is no rule")?;
    Ok(exit)
}
