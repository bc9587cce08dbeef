//! The billing system's records. Amounts are integers of the currency's smallest unit, as on Stripe's
//! wire, and instants are seconds since 1970.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::demo::bills::{Bill, Line};
use crate::demo::catalogue::{Charge, PRODUCTS, Product};
use crate::demo::contracts::{Contract, first_day};
use crate::demo::customers::{Customer, Tender};
use crate::demo::night::at;
use crate::demo::view::NightState;

// An invoice shows this many of its lines; the rest has a list of its own.
const EMBEDDED_LINES: usize = 10;

/// All customers, newest first.
pub(super) fn customers(state: &NightState<'_>) -> Vec<Value> {
    state.world().customers.iter().rev().map(customer).collect()
}

fn customer(customer: &Customer) -> Value {
    let (city, region, country, postal_code) = customer.city;
    json!({
        "id": customer.billing_id,
        "object": "customer",
        "address": {
            "city": city, "country": country, "line1": customer.street, "line2": null,
            "postal_code": postal_code, "state": region,
        },
        "balance": 0,
        "created": at(first_day(), 0).as_second(),
        "currency": currency(customer.tender),
        "delinquent": false,
        "description": null,
        "email": customer.email(),
        "invoice_prefix": customer.billing_id.trim_start_matches("cus_").to_uppercase(),
        "livemode": false,
        "metadata": {},
        "name": customer.name,
        "phone": customer.phone,
        "preferred_locales": [],
        "tax_exempt": "none",
    })
}

/// All products.
pub(super) fn products() -> Vec<Value> {
    PRODUCTS
        .iter()
        .map(|product| {
            json!({
                "id": product.billing_id(),
                "object": "product",
                "active": true,
                "created": at(first_day(), 0).as_second(),
                "description": null,
                "livemode": false,
                "metadata": { "sku": product.sku },
                "name": product.name,
                "type": "service",
                "unit_label": unit(product),
                "updated": at(first_day(), 0).as_second(),
            })
        })
        .collect()
}

const fn unit(product: &Product) -> &'static str {
    match product.charge {
        Charge::Fixed | Charge::TrueUp => "seat",
        Charge::Usage => "GB",
    }
}

/// The prices of all contracts that were ever billed, newest first.
pub(super) fn prices(state: &NightState<'_>) -> Vec<Value> {
    let contracts = state.billed_contracts();
    contracts
        .into_iter()
        .rev()
        .map(|contract| price(contract, state.customer(contract.customer).tender))
        .collect()
}

fn price_id(contract_id: &str) -> String {
    format!("price_Dm{contract_id}")
}

fn price(contract: &Contract, tender: Tender) -> Value {
    let product = contract.product();
    let usage_type = if product.charge == Charge::Fixed {
        "licensed"
    } else {
        "metered"
    };
    let price_minor = contract.net_price_minor();
    let interval = if contract.is_set_up_yearly {
        "year"
    } else {
        "month"
    };
    json!({
        "id": price_id(&contract.crm_id),
        "object": "price",
        "active": true,
        "billing_scheme": "per_unit",
        "created": at(first_day(), 0).as_second(),
        "currency": currency(tender),
        "livemode": false,
        "metadata": {},
        "nickname": null,
        "product": product.billing_id(),
        "recurring": { "interval": interval, "interval_count": 1, "usage_type": usage_type },
        "tax_behavior": "unspecified",
        "type": "recurring",
        "unit_amount": price_minor,
        "unit_amount_decimal": price_minor.to_string(),
    })
}

/// One subscription for each customer, with all that it was ever billed for, newest first.
pub(super) fn subscriptions(state: &NightState<'_>) -> Vec<Value> {
    let contracts = state.billed_contracts();
    let customers = state.world().customers.iter().enumerate();
    customers
        .rev()
        .map(|(index, customer)| {
            let own = contracts
                .iter()
                .filter(|contract| contract.customer == index);
            subscription(customer, own.copied())
        })
        .collect()
}

fn subscription_id(customer: &Customer) -> String {
    customer.billing_id.replacen("cus_", "sub_", 1)
}

fn subscription<'w>(customer: &Customer, contracts: impl Iterator<Item = &'w Contract>) -> Value {
    let id = subscription_id(customer);
    let items: Vec<Value> = contracts
        .map(|contract| {
            let mut item = json!({
                "id": format!("si_Dm{}", contract.crm_id),
                "object": "subscription_item",
                "created": at(contract.starts_on, 0).as_second(),
                "current_period_start": at(Date::constant(2026, 10, 1), 0).as_second(),
                "current_period_end": at(Date::constant(2026, 11, 1), 0).as_second(),
                "metadata": {},
                "price": price(contract, customer.tender),
                "subscription": id,
            });
            if contract.product().charge == Charge::Fixed {
                item["quantity"] = json!(contract.quantity);
            }
            item
        })
        .collect();
    json!({
        "id": id,
        "object": "subscription",
        "billing_cycle_anchor": at(first_day(), 0).as_second(),
        "cancel_at": null,
        "cancel_at_period_end": false,
        "canceled_at": null,
        "collection_method": "send_invoice",
        "created": at(first_day(), 0).as_second(),
        "currency": currency(customer.tender),
        "customer": customer.billing_id,
        "days_until_due": customer.net_days,
        "ended_at": null,
        "items": {
            "object": "list",
            "url": format!("/v1/subscription_items?subscription={id}"),
            "has_more": false,
            "data": items,
        },
        "livemode": false,
        "metadata": {},
        "start_date": at(first_day(), 0).as_second(),
        "status": "active",
    })
}

/// All invoices that were issued, newest first.
pub(super) fn invoices(state: &NightState<'_>) -> Vec<Value> {
    let paid = state.paid();
    state
        .bills()
        .into_iter()
        .map(|(index, bill)| invoice(state, bill, paid.get(&index).copied()))
        .collect()
}

fn invoice(state: &NightState<'_>, bill: &Bill, payment: Option<(i64, Timestamp)>) -> Value {
    let customer = state.customer(bill.customer);
    let total = bill.total_minor();
    let paid = payment.map_or(0, |(sum, _)| sum);
    let is_void = state.is_void(bill);
    let issued = bill.issued_at.as_second();
    let status = match paid {
        _ if is_void => "void",
        _ if paid >= total => "paid",
        _ => "open",
    };
    let paid_at = payment
        .filter(|_| status == "paid")
        .map(|(_, last_at)| last_at.as_second());
    let lines: Vec<Value> = wire_lines(state, bill);
    let has_more = lines.len() > EMBEDDED_LINES;
    let embedded: Vec<Value> = lines.into_iter().take(EMBEDDED_LINES).collect();
    let voided_at = bill.voided_at.filter(|_| is_void).map(Timestamp::as_second);
    let first_service = bill.lines.iter().map(|line| line.service_from).min();
    json!({
        "id": bill.billing_id,
        "object": "invoice",
        "account_country": "US",
        "amount_due": total,
        "amount_overpaid": 0,
        "amount_paid": paid,
        "amount_remaining": total - paid,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": false,
        "auto_advance": !is_void,
        "billing_reason": if bill.regular.is_some() { "subscription_cycle" } else { "manual" },
        "collection_method": "send_invoice",
        "created": issued - 3_600,
        "currency": currency(bill.tender),
        "customer": customer.billing_id,
        "customer_email": customer.email(),
        "customer_name": customer.name,
        "description": null,
        "due_date": bill.due_at.as_second(),
        "effective_at": issued,
        "ending_balance": 0,
        "lines": {
            "object": "list",
            "url": format!("/v1/invoices/{}/lines", bill.billing_id),
            "has_more": has_more,
            "data": embedded,
        },
        "livemode": false,
        "metadata": {},
        "number": bill.number,
        "parent": parent(bill, customer),
        "period_start": first_service.map_or(issued, |day| at(day, 0).as_second()),
        "period_end": issued,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status": status,
        "status_transitions": {
            "finalized_at": issued,
            "marked_uncollectible_at": null,
            "paid_at": paid_at,
            "voided_at": voided_at,
        },
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_discount_amounts": [],
        "total_excluding_tax": total,
        "total_taxes": [],
    })
}

fn parent(bill: &Bill, customer: &Customer) -> Value {
    if bill.regular.is_none() {
        return Value::Null;
    }
    json!({
        "type": "subscription_details",
        "quote_details": null,
        "subscription_details": { "metadata": {}, "subscription": subscription_id(customer) },
    })
}

/// All lines of an invoice that was issued.
pub(super) fn invoice_lines(state: &NightState<'_>, invoice: &str) -> Option<Vec<Value>> {
    state
        .bills()
        .into_iter()
        .find(|(_, bill)| bill.billing_id == invoice)
        .map(|(_, bill)| wire_lines(state, bill))
}

fn wire_lines(state: &NightState<'_>, bill: &Bill) -> Vec<Value> {
    let customer = state.customer(bill.customer);
    bill.lines
        .iter()
        .map(|line| wire_line(bill, customer, line))
        .collect()
}

fn wire_line(bill: &Bill, customer: &Customer, line: &Line) -> Value {
    let product = &PRODUCTS[line.product];
    json!({
        "id": line.billing_id,
        "object": "line_item",
        "amount": line.amount_minor,
        "currency": currency(bill.tender),
        "description": line.description,
        "discount_amounts": [],
        "discountable": true,
        "discounts": [],
        "invoice": bill.billing_id,
        "livemode": false,
        "metadata": {},
        "parent": {
            "type": "invoice_item_details",
            "invoice_item_details": {
                "invoice_item": line.billing_id.replacen("il_", "ii_", 1),
                "proration": false,
                "proration_details": { "credited_items": null },
                "subscription": bill.regular.map(|_| subscription_id(customer)),
            },
            "subscription_item_details": null,
        },
        "period": {
            "start": at(line.service_from, 0).as_second(),
            "end": at(line.service_to, 0).as_second(),
        },
        "pretax_credit_amounts": [],
        "pricing": {
            "type": "price_details",
            "price_details": {
                "price": price_id(&line.contract_id),
                "product": product.billing_id(),
            },
            "unit_amount_decimal": line.price_minor.map(|price| price.to_string()),
        },
        "quantity": line.quantity,
        "subtotal": line.amount_minor,
        "taxes": [],
    })
}

/// All payments that arrived, newest first.
pub(super) fn payments(state: &NightState<'_>) -> Vec<Value> {
    state
        .payments()
        .into_iter()
        .map(|payment| {
            let amount = payment.amount_minor();
            json!({
                "id": payment.billing_id,
                "object": "payment_intent",
                "amount": amount,
                "amount_capturable": 0,
                "amount_received": amount,
                "canceled_at": null,
                "capture_method": "automatic",
                "created": payment.received_at.as_second(),
                "currency": currency(payment.tender),
                "customer": state.customer(payment.customer).billing_id,
                "description": null,
                "livemode": false,
                "metadata": {},
                "payment_method_types": ["customer_balance"],
                "status": "succeeded",
            })
        })
        .collect()
}

/// Which payment paid how much of which invoice, newest first.
pub(super) fn invoice_payments(state: &NightState<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for payment in state.payments() {
        let received = payment.received_at.as_second();
        for (place, (index, amount)) in payment.parts.iter().enumerate() {
            let bill = &state.world().bills[*index];
            all.push(json!({
                "id": part_id(&payment.billing_id, place),
                "object": "invoice_payment",
                "amount_paid": amount,
                "amount_requested": bill.total_minor(),
                "created": received,
                "currency": currency(bill.tender),
                "invoice": bill.billing_id,
                "is_default": false,
                "livemode": false,
                "payment": {
                    "type": "payment_intent",
                    "payment_intent": payment.billing_id,
                },
                "status": "paid",
                "status_transitions": { "canceled_at": null, "paid_at": received },
            }));
        }
    }
    all
}

/// The id of a part of a payment: what one invoice was paid of it.
pub(super) fn part_id(payment_id: &str, place: usize) -> String {
    let id = payment_id.replacen("pi_", "inpay_", 1);
    format!("{id}{place}")
}

fn currency(tender: Tender) -> String {
    tender.code().to_ascii_lowercase()
}
