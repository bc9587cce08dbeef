//! A person's side: which moves the table of states allows, and what each of them needs.
//!
//! ```text
//! open -> acknowledged -> in_progress -> waiting -> in_progress
//! in_progress -> proposed -> approved -> resolved        proposed -> in_progress (rejected)
//! open | acknowledged | in_progress -> dismissed          verified -> closed
//! verified | closed | dismissed -> reopened -> in_progress
//! ```
//! `verified` and `self_cleared` are the system's, and so is every way out of `resolved`.

use jiff::Timestamp;

use crate::config::is_same_person;
use crate::fault::Failure;
use crate::reconcile::discrepancy::{
    Discrepancy, DiscrepancyEvent, DiscrepancyState, ResolutionCode, WaitingOn,
};
use crate::reconcile::error::ReconcileError;
use crate::store::DiscrepancyChange;

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonMove {
    /// The state to move to.
    pub to: DiscrepancyState,
    /// How it was resolved, or why it is dismissed.
    pub code: Option<ResolutionCode>,
    /// Whom it waits for.
    pub waiting_on: Option<WaitingOn>,
    /// Who asks.
    pub by: String,
    /// Who approves, where that is needed.
    pub approver: Option<String>,
    /// What is said about it.
    pub note: Option<String>,
}

/// The codes with which an item is resolved.
const RESOLUTIONS: &[ResolutionCode] = &[
    ResolutionCode::BillingCorrected,
    ResolutionCode::CrmCorrected,
    ResolutionCode::UsageCorrected,
    ResolutionCode::CreditIssued,
    ResolutionCode::Rebilled,
    ResolutionCode::ContractAmended,
    ResolutionCode::RecordMerged,
    ResolutionCode::RecordDeleted,
    ResolutionCode::WrittenOff,
];
/// The codes with which an item is dismissed.
const DISMISSALS: &[ResolutionCode] = &[
    ResolutionCode::FalsePositive,
    ResolutionCode::Timing,
    ResolutionCode::DuplicateItem,
    ResolutionCode::AcceptedRisk,
];

/// The states to which a person may move an item from a state.
pub const fn legal_moves(from: DiscrepancyState) -> &'static [DiscrepancyState] {
    use DiscrepancyState::{
        Acknowledged, Approved, Closed, Dismissed, InProgress, Open, Proposed, Reopened, Resolved,
        SelfCleared, Verified, Waiting,
    };
    match from {
        Open => &[Acknowledged, Dismissed],
        Acknowledged => &[InProgress, Dismissed],
        InProgress => &[Waiting, Proposed, Dismissed],
        Waiting | Reopened => &[InProgress],
        Proposed => &[Approved, InProgress],
        Approved => &[Resolved],
        Verified => &[Closed, Reopened],
        Closed | Dismissed => &[Reopened],
        Resolved | SelfCleared => &[],
    }
}

/// Makes a person's move, or says which moves are legal and changes nothing.
pub fn move_by_person(
    item: &Discrepancy,
    request: PersonMove,
    now: Timestamp,
) -> Result<DiscrepancyChange, Failure> {
    check(item, &request)?;
    let mut moved = item.clone();
    moved.state = request.to;
    moved.updated_at = now;
    moved.waiting_on = None;
    match request.to {
        DiscrepancyState::Waiting => moved.waiting_on = request.waiting_on,
        DiscrepancyState::Proposed => {
            moved.proposed_by = Some(request.by.clone());
            moved.code = request.code;
        }
        DiscrepancyState::InProgress => {
            moved.proposed_by = None;
            moved.code = None;
        }
        DiscrepancyState::Resolved => {
            moved.code = request.code.or(item.code);
            moved.resolved_at = Some(now);
        }
        DiscrepancyState::Dismissed => {
            moved.code = request.code;
            moved.ended_at = Some(now);
        }
        DiscrepancyState::Closed => moved.ended_at = item.ended_at.or(Some(now)),
        DiscrepancyState::Reopened => {
            moved.code = None;
            moved.proposed_by = None;
            moved.ended_at = None;
        }
        _ => {}
    }
    let event = DiscrepancyEvent {
        discrepancy_id: item.id.clone(),
        at: now,
        actor: request.by,
        action: "moved".into(),
        from_state: Some(item.state),
        to_state: request.to,
        code: moved.code,
        note: note(request.note, request.approver.as_deref()),
        run_id: None,
        worth: None,
    };
    Ok(DiscrepancyChange {
        discrepancy: moved,
        was: Some(item.state),
        events: vec![event],
        approver: request.approver,
    })
}

fn check(item: &Discrepancy, request: &PersonMove) -> Result<(), ReconcileError> {
    let legal = legal_text(item.state);
    let to = request.to;
    if !legal_moves(item.state).contains(&to) {
        return Err(ReconcileError::IllegalMove {
            id: item.id.clone(),
            from: item.state,
            to,
            legal,
        });
    }
    let without = |what: String| ReconcileError::Incomplete {
        id: item.id.clone(),
        to,
        what,
        legal: legal.clone(),
    };
    if request.by.trim().is_empty() {
        return Err(without("the name of who moves it".into()));
    }
    let one_of = |codes: &[ResolutionCode]| {
        let names: Vec<&str> = codes.iter().map(|code| code.name()).collect();
        format!("a code, one of {}", names.join(", "))
    };
    let code = match to {
        DiscrepancyState::Resolved => request.code.or(item.code),
        _ => request.code,
    };
    let needed = match to {
        DiscrepancyState::Resolved => Some(RESOLUTIONS),
        DiscrepancyState::Dismissed => Some(DISMISSALS),
        DiscrepancyState::Proposed if code.is_some() => Some(RESOLUTIONS),
        _ => None,
    };
    if let Some(codes) = needed
        && !code.is_some_and(|code| codes.contains(&code))
    {
        return Err(without(one_of(codes)));
    }
    if to == DiscrepancyState::Waiting && request.waiting_on.is_none() {
        let names: Vec<&str> = WaitingOn::ALL.iter().map(|on| on.name()).collect();
        return Err(without(format!(
            "whom it waits for, one of {}",
            names.join(", ")
        )));
    }
    check_approver(item, request, code, &legal)
}

/// Who proposes does not approve: a resolution, a write-off and an accepted risk need two people.
fn check_approver(
    item: &Discrepancy,
    request: &PersonMove,
    code: Option<ResolutionCode>,
    legal: &str,
) -> Result<(), ReconcileError> {
    let proposer = item.proposed_by.as_deref().unwrap_or(&request.by);
    let needs_approver = match request.to {
        DiscrepancyState::Approved => true,
        DiscrepancyState::Dismissed => code == Some(ResolutionCode::AcceptedRisk),
        DiscrepancyState::Resolved => code == Some(ResolutionCode::WrittenOff),
        _ => false,
    };
    let is_second_person = request
        .approver
        .as_deref()
        .map(str::trim)
        .is_some_and(|approver| !approver.is_empty() && !is_same_person(approver, proposer));
    if needs_approver && !is_second_person {
        return Err(ReconcileError::NeedsApprover {
            id: item.id.clone(),
            proposer: proposer.to_owned(),
            to: request.to,
            legal: legal.to_owned(),
        });
    }
    Ok(())
}

fn legal_text(from: DiscrepancyState) -> String {
    match legal_moves(from) {
        [] => "nothing, the system decides".to_owned(),
        moves => {
            let names: Vec<&str> = moves.iter().map(|state| state.name()).collect();
            names.join(", ")
        }
    }
}

fn note(note: Option<String>, approver: Option<&str>) -> Option<String> {
    match (note, approver) {
        (Some(note), Some(approver)) => Some(format!("{note} (approved by {approver})")),
        (None, Some(approver)) => Some(format!("approved by {approver}")),
        (note, None) => note,
    }
}
