//! `[user.x]`: who may do what, where.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Config, ReportConfig};
use crate::fault::{Failure, Fault, Retry};

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Be sent reports.
    Read,
    /// Work items: move, assign, note, apply cash, propose.
    Work,
    /// Approve what others propose.
    Approve,
    /// Close, lock and reopen periods.
    Close,
}

impl fmt::Display for Right {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Read => "read",
            Self::Work => "work",
            Self::Approve => "approve",
            Self::Close => "close",
        })
    }
}

/// A person who works with crossfoot. As soon as one is configured, `--by` and `--approver` must
/// name one who has the right.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UserConfig {
    /// Only these branches; all of them, and what belongs to none, when empty.
    pub branches: Vec<String>,
    /// What the person may do.
    pub may: Vec<Right>,
    /// Where reports go.
    pub email: Option<String>,
}

/// Whether two names are those of one person: blanks around them and capital letters say nothing.
pub fn is_same_person(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// Somebody who is not configured, or who may not do what is asked.
#[derive(Debug, thiserror::Error)]
pub enum RightError {
    /// No such user.
    #[error("there is no user `{name}`; configured are {known}")]
    NoUser {
        /// The name that was given.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// The user has not that right.
    #[error("user `{name}` has not the right `{right}`{place}")]
    NotAllowed {
        /// The user.
        name: String,
        /// What would be needed.
        right: String,
        /// Where, with a blank in front.
        place: String,
    },
}

impl Fault for RightError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoUser { .. } => "XF-K040",
            Self::NotAllowed { .. } => "XF-K041",
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some("users and their rights are the tables [user.<name>] of the configuration".into())
    }

    fn effect(&self) -> Option<String> {
        Some("nothing was changed".into())
    }
}

impl Config {
    /// Who gets a report, and of which branch; `None` is the whole company. A user whose branches are
    /// limited gets one report for each of them in place of the company's.
    pub fn recipients(&self, report: &ReportConfig) -> Vec<(Option<String>, String)> {
        let mut recipients = Vec::new();
        for entry in &report.to {
            let Some(user) = self.user.get(entry) else {
                recipients.push((report.branch.clone(), entry.clone()));
                continue;
            };
            let Some(email) = &user.email else { continue };
            let is_limited = !user.branches.is_empty();
            match &report.branch {
                Some(branch) if is_limited && !user.branches.contains(branch) => {}
                None if is_limited => recipients.extend(
                    user.branches
                        .iter()
                        .map(|branch| (Some(branch.clone()), email.clone())),
                ),
                branch => recipients.push((branch.clone(), email.clone())),
            }
        }
        recipients
    }

    /// Refuses somebody who may not do a thing in a branch: everybody may do everything as long as
    /// no user is configured. What belongs to no branch is for those whose branches are not limited.
    pub fn check_right(
        &self,
        name: &str,
        right: Right,
        branch: Option<&str>,
    ) -> Result<(), Failure> {
        self.check_one_right(name, &[right], branch)
    }

    /// The same where one of several rights is enough.
    pub fn check_one_right(
        &self,
        name: &str,
        rights: &[Right],
        branch: Option<&str>,
    ) -> Result<(), Failure> {
        if self.user.is_empty() {
            return Ok(());
        }
        let found = self.user.iter().find(|(one, _)| is_same_person(one, name));
        let Some((_, user)) = found else {
            let known: Vec<&str> = self.user.keys().map(String::as_str).collect();
            return Err(RightError::NoUser {
                name: name.to_owned(),
                known: known.join(", "),
            }
            .into());
        };
        let is_placed = user.branches.is_empty()
            || branch.is_some_and(|branch| user.branches.iter().any(|one| one == branch));
        if is_placed && rights.iter().any(|right| user.may.contains(right)) {
            return Ok(());
        }
        let names: Vec<String> = rights.iter().map(ToString::to_string).collect();
        Err(RightError::NotAllowed {
            name: name.to_owned(),
            right: names.join("` or `"),
            place: match branch {
                Some(branch) => format!(" in branch `{branch}`"),
                None if user.branches.is_empty() => String::new(),
                None => " for what is not of one branch alone".to_owned(),
            },
        }
        .into())
    }
}
