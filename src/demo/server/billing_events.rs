//! The billing API's events: what happened to which object, newest first, as far back as it keeps
//! them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::demo::view::NightState;

/// For so long events are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

struct Event<'w> {
    at: Timestamp,
    kind: &'static str,
    object: &'static str,
    id: &'w str,
    /// Tells two events of one kind about one object apart.
    number: usize,
}

/// What happened by now, of the types that are asked for; without any, all of it.
pub(super) fn events(state: &NightState<'_>, types: &[&str]) -> Vec<Value> {
    let oldest = state.at().checked_sub(KEPT).unwrap_or(state.at());
    let mut events: Vec<Event<'_>> = of_bills(state)
        .chain(of_payments(state))
        .filter(|event| event.at > oldest && event.at <= state.at())
        .filter(|event| types.is_empty() || types.contains(&event.kind))
        .collect();
    events.sort_by_key(|event| std::cmp::Reverse((event.at, event.id, event.kind, event.number)));
    events.iter().map(wire).collect()
}

fn of_bills<'w>(state: &NightState<'w>) -> impl Iterator<Item = Event<'w>> {
    state.bills().into_iter().flat_map(|(_, bill)| {
        let happened = [
            Some((bill.issued_at, "invoice.finalized")),
            bill.voided_at.map(|at| (at, "invoice.voided")),
        ];
        happened.into_iter().flatten().map(|(at, kind)| Event {
            at,
            kind,
            object: "invoice",
            id: &bill.billing_id,
            number: 0,
        })
    })
}

fn of_payments<'w>(state: &NightState<'w>) -> impl Iterator<Item = Event<'w>> {
    let world = state.world();
    state.payments().into_iter().flat_map(move |payment| {
        let at = payment.received_at;
        let received = Event {
            at,
            kind: "payment_intent.succeeded",
            object: "payment_intent",
            id: &payment.billing_id,
            number: 0,
        };
        let parts = payment.parts.iter().enumerate();
        let parts = parts.flat_map(move |(number, (bill, _))| {
            let part = |kind, object, id| Event {
                at,
                kind,
                object,
                id,
                number,
            };
            [
                part(
                    "invoice_payment.paid",
                    "invoice_payment",
                    &payment.billing_id,
                ),
                part("invoice.updated", "invoice", &world.bills[*bill].billing_id),
            ]
        });
        std::iter::once(received).chain(parts)
    })
}

fn wire(event: &Event<'_>) -> Value {
    let Event {
        at,
        kind,
        object,
        id,
        number,
    } = event;
    // A part of a payment has an id of its own, made of the payment's.
    let id = match *object {
        "invoice_payment" => super::billing_records::part_id(id, *number),
        _ => (*id).to_owned(),
    };
    let name = kind.replace(['.', '_'], "");
    json!({
        "id": format!("evt_Dm{id}{name}{number}"),
        "object": "event",
        "api_version": "2026-08-26.dahlia",
        "created": at.as_second(),
        "data": { "object": { "id": id, "object": object } },
        "livemode": false,
        "pending_webhooks": 0,
        "request": { "id": null, "idempotency_key": null },
        "type": kind,
    })
}
