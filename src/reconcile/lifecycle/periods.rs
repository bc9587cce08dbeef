//! The life of a period, and which moves of it need what.
//!
//! ```text
//! open -> closed -> locked          closed | locked -> open (reopened)
//! ```
//! A close has two sign-offs, a reopening has a reason, and a locked period reopens only with a
//! second person.

use crate::config::is_same_person;
use crate::fault::{Failure, Fault, Retry};
use crate::period::Period;
use crate::reconcile::discrepancy::spelled;

use serde::{Deserialize, Serialize};

spelled! {
    /// Where a period stands.
    PeriodState {
        /// Its figures still change, and are provisional.
        Open = "open",
        /// Its figures are kept; what is found later is an adjustment.
        Closed = "closed",
        /// The same, and no scheduled comparison takes it up any more.
        Locked = "locked",
    }
}

impl PeriodState {
    /// Whether its figures are kept, closed or locked.
    pub const fn is_kept(self) -> bool {
        !matches!(self, Self::Open)
    }
}

/// What a person asks of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodAct {
    /// Keep its figures.
    Close,
    /// Mark the tax return of a closed period as filed.
    File,
    /// Take it out of the scheduled comparisons.
    Lock,
    /// Let its figures change again.
    Reopen,
}

impl PeriodAct {
    const fn name(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::File => "close --tax-filed",
            Self::Lock => "lock",
            Self::Reopen => "reopen",
        }
    }

    const fn past(self) -> &'static str {
        match self {
            Self::Close => "closed",
            Self::File => "marked as filed",
            Self::Lock => "locked",
            Self::Reopen => "reopened",
        }
    }
}

/// A move of a period that a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodRequest {
    /// The period.
    pub period: Period,
    /// What is asked.
    pub act: PeriodAct,
    /// Who asks: the preparer of a close.
    pub by: String,
    /// Who approves: the reviewer of a close.
    pub approver: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Why a period stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum PeriodError {
    /// The period is not where the move starts from.
    #[error("period {period} is {from} and cannot be {past}; legal moves: {legal}")]
    Illegal {
        /// The period.
        period: Period,
        /// Where it stands.
        from: PeriodState,
        /// What was asked, as it would have been done.
        past: &'static str,
        /// The verbs that are legal.
        legal: String,
    },
    /// The move needs a second person.
    #[error("period {period} needs {role} other than `{by}` to be {past}; legal moves: {legal}")]
    NeedsSecond {
        /// The period.
        period: Period,
        /// What the second person is called.
        role: &'static str,
        /// The first one.
        by: String,
        /// What was asked.
        past: &'static str,
        /// The verbs that are legal.
        legal: String,
    },
    /// The move needs something that is not there.
    #[error("period {period} cannot be {past} without {what}; legal moves: {legal}")]
    Incomplete {
        /// The period.
        period: Period,
        /// What was asked.
        past: &'static str,
        /// What is missing.
        what: &'static str,
        /// The verbs that are legal.
        legal: String,
    },
    /// The checklist of the close does not hold.
    #[error("period {period} cannot be closed yet: {faults}")]
    Unready {
        /// The period.
        period: Period,
        /// What does not hold.
        faults: String,
        /// What to do.
        hint: String,
    },
    /// Something would be written into a period whose figures are kept.
    #[error("{what} would be written into period {period}, which is {state}")]
    Kept {
        /// What would be written.
        what: String,
        /// The period.
        period: Period,
        /// Where it stands.
        state: PeriodState,
    },
}

impl Fault for PeriodError {
    fn code(&self) -> &'static str {
        match self {
            Self::Illegal { .. } => "XF-R030",
            Self::NeedsSecond { .. } => "XF-R031",
            Self::Incomplete { .. } => "XF-R032",
            Self::Unready { .. } => "XF-R033",
            Self::Kept { .. } => "XF-R034",
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Illegal { .. } => None,
            Self::NeedsSecond { .. } => Some("name a second person with `--approver`".into()),
            Self::Incomplete { .. } => Some("say it with `--reason` or `--by`".into()),
            Self::Unready { hint, .. } => Some(hint.clone()),
            Self::Kept { period, .. } => Some(format!(
                "date it into an open period, or `crossfoot periods reopen {period}`"
            )),
        }
    }

    fn effect(&self) -> Option<String> {
        Some("nothing was changed".into())
    }
}

/// What a person may ask of a period that stands in a state.
pub const fn legal_period_acts(from: PeriodState) -> &'static [PeriodAct] {
    match from {
        PeriodState::Open => &[PeriodAct::Close],
        PeriodState::Closed => &[PeriodAct::Lock, PeriodAct::Reopen, PeriodAct::File],
        PeriodState::Locked => &[PeriodAct::Reopen, PeriodAct::File],
    }
}

/// Where a move leads, or why it is refused.
pub fn decide_period_move(
    request: &PeriodRequest,
    from: PeriodState,
) -> Result<PeriodState, Failure> {
    Ok(decide(request, from)?)
}

fn decide(request: &PeriodRequest, from: PeriodState) -> Result<PeriodState, PeriodError> {
    let (period, act) = (request.period, request.act);
    let legal = legal_text(from);
    if !legal_period_acts(from).contains(&act) {
        return Err(PeriodError::Illegal {
            period,
            from,
            past: act.past(),
            legal,
        });
    }
    let without = |what| PeriodError::Incomplete {
        period,
        past: act.past(),
        what,
        legal: legal.clone(),
    };
    if request.by.trim().is_empty() {
        return Err(without("the name of who does it"));
    }
    let is_said = |text: &Option<String>| text.as_deref().is_some_and(|one| !one.trim().is_empty());
    if act == PeriodAct::Reopen && !is_said(&request.reason) {
        return Err(without("a reason"));
    }
    let needs_second = match act {
        PeriodAct::Close | PeriodAct::File => true,
        PeriodAct::Reopen => from == PeriodState::Locked,
        PeriodAct::Lock => false,
    };
    let second = request.approver.as_deref();
    let is_second = is_said(&request.approver)
        && second.is_some_and(|approver| !is_same_person(approver, &request.by));
    if (needs_second || second.is_some()) && !is_second {
        return Err(PeriodError::NeedsSecond {
            period,
            role: match act {
                PeriodAct::Close | PeriodAct::File => "a reviewer",
                PeriodAct::Lock | PeriodAct::Reopen => "an approver",
            },
            by: request.by.clone(),
            past: act.past(),
            legal,
        });
    }
    Ok(match act {
        PeriodAct::Close => PeriodState::Closed,
        PeriodAct::File => from,
        PeriodAct::Lock => PeriodState::Locked,
        PeriodAct::Reopen => PeriodState::Open,
    })
}

fn legal_text(from: PeriodState) -> String {
    let names: Vec<&str> = legal_period_acts(from)
        .iter()
        .map(|act| act.name())
        .collect();
    names.join(", ")
}
