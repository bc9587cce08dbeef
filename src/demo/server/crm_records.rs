//! The CRM's objects and their properties. Every property is text or null, as on HubSpot's wire.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::demo::catalogue::PRODUCTS;
use crate::demo::contracts::Contract;
use crate::demo::customers::{Customer, Tender};
use crate::demo::night::at;
use crate::demo::view::{Deal, NightState};

/// The types of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectType {
    Companies,
    Deals,
    LineItems,
    Products,
}

impl ObjectType {
    const ALL: [Self; 4] = [
        Self::Companies,
        Self::Deals,
        Self::LineItems,
        Self::Products,
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The name in paths.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Companies => "companies",
            Self::Deals => "deals",
            Self::LineItems => "line_items",
            Self::Products => "products",
        }
    }

    /// The name of one, in messages.
    pub(super) const fn singular(self) -> &'static str {
        match self {
            Self::Companies => "company",
            Self::Deals => "deal",
            Self::LineItems => "line_item",
            Self::Products => "product",
        }
    }

    // The key under `associations`, and the type of an association from a deal.
    const fn association(self) -> (&'static str, &'static str, u32) {
        match self {
            Self::Companies => ("companies", "deal_to_company", 341),
            Self::LineItems => ("line items", "deal_to_line_item", 19),
            Self::Deals => ("deals", "deal_to_deal", 451),
            Self::Products => ("products", "deal_to_product", 0),
        }
    }

    // What comes when no property is asked for.
    const fn default_properties(self) -> &'static [&'static str] {
        match self {
            Self::Companies => &["name", "domain"],
            Self::Deals => &["dealname", "amount", "dealstage", "pipeline", "closedate"],
            Self::LineItems => &["hs_product_id", "quantity", "amount"],
            Self::Products => &["name", "price"],
        }
    }
}

/// An object.
#[derive(Debug)]
pub(super) struct CrmRecord {
    /// Its id, by which lists are ordered.
    pub(super) number: u64,
    kind: ObjectType,
    created_at: Timestamp,
    updated_at: Timestamp,
    properties: Vec<(&'static str, String)>,
    links: Vec<(ObjectType, String)>,
}

impl CrmRecord {
    /// When it last changed.
    pub(super) fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    /// The ids that it is associated with, each with the type's number.
    pub(super) fn associated(&self, to: ObjectType) -> Vec<(&str, u32)> {
        self.links
            .iter()
            .filter(|(kind, _)| *kind == to)
            .map(|(kind, id)| (id.as_str(), kind.association().2))
            .collect()
    }

    /// The object on the wire: the properties that were asked for, null where it has none.
    pub(super) fn wire(&self, properties: &[String], associations: &[String]) -> Value {
        let mut shown = Map::new();
        let mut show = |name: &str| {
            let text = self.properties.iter().find(|(own, _)| *own == name);
            shown.insert(name.to_owned(), json!(text.map(|(_, text)| text)));
        };
        if properties.is_empty() {
            self.kind
                .default_properties()
                .iter()
                .for_each(|name| show(name));
        }
        for name in properties {
            show(name);
        }
        let updated_at = millis(self.updated_at);
        let created_at = millis(self.created_at);
        shown.insert("hs_object_id".into(), json!(self.number.to_string()));
        shown.insert("createdate".into(), json!(created_at));
        shown.insert("hs_lastmodifieddate".into(), json!(updated_at));
        let mut wire = json!({
            "id": self.number.to_string(),
            "properties": shown,
            "createdAt": created_at,
            "updatedAt": updated_at,
            "archived": false,
        });
        let mut linked = Map::new();
        for kind in associations
            .iter()
            .filter_map(|name| ObjectType::named(name))
        {
            let (key, label, _) = kind.association();
            let ends: Vec<Value> = self
                .associated(kind)
                .into_iter()
                .map(|(id, _)| json!({ "id": id, "type": label }))
                .collect();
            if !ends.is_empty() {
                linked.insert(key.to_owned(), json!({ "results": ends }));
            }
        }
        if !linked.is_empty() {
            wire["associations"] = Value::Object(linked);
        }
        wire
    }
}

/// All objects of a type on a night, in no order.
pub(super) fn all(state: &NightState<'_>, kind: ObjectType) -> Vec<CrmRecord> {
    match kind {
        ObjectType::Companies => {
            let customers = state.world().customers.iter();
            customers.map(|customer| company(state, customer)).collect()
        }
        ObjectType::Products => products(),
        ObjectType::Deals => state.deals().iter().map(|one| deal(state, one)).collect(),
        ObjectType::LineItems => state
            .deals()
            .iter()
            .flat_map(|deal| deal.contracts.iter().map(|index| line_item(state, *index)))
            .chain(state.deals().iter().filter(|deal| !deal.is_won).map(offer))
            .collect(),
    }
}

fn company(state: &NightState<'_>, customer: &Customer) -> CrmRecord {
    let (city, region, country, postal_code) = customer.city;
    let (street, changed_at) = customer.street_in_crm(state.at());
    CrmRecord {
        number: number(&customer.crm_id),
        kind: ObjectType::Companies,
        created_at: opening(),
        updated_at: changed_at.unwrap_or_else(opening),
        properties: vec![
            ("name", customer.name.clone()),
            ("domain", customer.domain.clone()),
            ("phone", customer.phone.clone()),
            ("address", street.to_owned()),
            ("city", city.to_owned()),
            ("state", region.to_owned()),
            ("zip", postal_code.to_owned()),
            ("country", country.to_owned()),
            ("lifecyclestage", "customer".to_owned()),
            ("billing_customer_id", customer.billing_id.clone()),
        ],
        links: Vec::new(),
    }
}

fn products() -> Vec<CrmRecord> {
    PRODUCTS
        .iter()
        .map(|product| CrmRecord {
            number: number(product.crm_id),
            kind: ObjectType::Products,
            created_at: opening(),
            updated_at: opening(),
            properties: vec![
                ("name", product.name.to_owned()),
                ("hs_sku", product.sku.to_owned()),
                ("price", text(product.price_cents, Tender::Usd)),
            ],
            links: Vec::new(),
        })
        .collect()
}

fn deal(state: &NightState<'_>, deal: &Deal) -> CrmRecord {
    let customer = state.customer(deal.customer);
    let amount: i64 = deal
        .contracts
        .iter()
        .map(|index| {
            let contract = state.contract(*index);
            contract.net_price_minor() * contract.quantity_at(state.at())
        })
        .sum();
    let stage = if deal.is_won {
        "closedwon"
    } else {
        "closedlost"
    };
    let mut links = vec![(ObjectType::Companies, customer.crm_id.clone())];
    for index in &deal.contracts {
        links.push((ObjectType::LineItems, state.contract(*index).crm_id.clone()));
    }
    if !deal.is_won {
        links.push((ObjectType::LineItems, offer(deal).number.to_string()));
    }
    CrmRecord {
        number: number(&deal.crm_id),
        kind: ObjectType::Deals,
        created_at: opening(),
        updated_at: deal.closed_at,
        properties: vec![
            ("dealname", format!("{}: managed services", customer.name)),
            ("amount", text(amount, customer.tender)),
            ("deal_currency_code", customer.tender.code().to_owned()),
            ("dealstage", stage.to_owned()),
            ("pipeline", "default".to_owned()),
            ("closedate", deal.closed_at.to_string()),
            ("hs_is_closed_won", deal.is_won.to_string()),
        ],
        links,
    }
}

fn line_item(state: &NightState<'_>, index: usize) -> CrmRecord {
    let contract: &Contract = state.contract(index);
    let tender = state.customer(contract.customer).tender;
    let product = contract.product();
    let quantity = contract.quantity_at(state.at());
    let known_at = contract.known_at.unwrap_or_else(opening);
    let updated_at = match contract.amended {
        Some((amended_at, _)) if amended_at <= state.at() => amended_at,
        _ => known_at,
    };
    let mut properties = vec![
        ("name", product.name.to_owned()),
        ("hs_sku", product.sku.to_owned()),
        ("hs_product_id", product.crm_id.to_owned()),
        ("quantity", quantity.to_string()),
        ("price", text(contract.price_minor, tender)),
        (
            "amount",
            text(contract.net_price_minor() * quantity, tender),
        ),
        ("hs_line_item_currency_code", tender.code().to_owned()),
        ("recurringbillingfrequency", "monthly".to_owned()),
        (
            "hs_recurring_billing_start_date",
            contract.starts_on.to_string(),
        ),
        ("billing_model", product.charge.word().to_owned()),
    ];
    if contract.discount_percent > 0 {
        let percent = contract.discount_percent.to_string();
        properties.push(("hs_discount_percentage", percent));
    }
    CrmRecord {
        number: number(&contract.crm_id),
        kind: ObjectType::LineItems,
        created_at: known_at,
        updated_at,
        properties,
        links: Vec::new(),
    }
}

// The line of a deal that was lost: it has all that a contract has, but nobody signed it.
fn offer(deal: &Deal) -> CrmRecord {
    let product = &PRODUCTS[0];
    CrmRecord {
        number: number(&deal.crm_id) + 20_000_000,
        kind: ObjectType::LineItems,
        created_at: deal.closed_at,
        updated_at: deal.closed_at,
        properties: vec![
            ("name", product.name.to_owned()),
            ("hs_sku", product.sku.to_owned()),
            ("hs_product_id", product.crm_id.to_owned()),
            ("quantity", "400".to_owned()),
            ("price", text(product.price_cents, Tender::Usd)),
            ("hs_line_item_currency_code", "USD".to_owned()),
            ("recurringbillingfrequency", "monthly".to_owned()),
            ("hs_recurring_billing_start_date", "2026-08-01".to_owned()),
            ("billing_model", product.charge.word().to_owned()),
        ],
        links: Vec::new(),
    }
}

fn opening() -> Timestamp {
    at(jiff::civil::date(2026, 7, 6), 9)
}

fn number(id: &str) -> u64 {
    id.parse().unwrap_or(0)
}

fn text(minor: i64, tender: Tender) -> String {
    Decimal::new(minor, tender.decimals()).to_string()
}

fn millis(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}
