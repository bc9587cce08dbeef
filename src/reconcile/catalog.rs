//! Products, and which spelling of a product code stands for which of them.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;

use crate::canonical::Record;
use crate::currency::Currency;

/// The code of a line that names no product.
pub(crate) const NO_SKU: &str = "(none)";
/// How many aliases may follow each other; more are a circle.
const ALIAS_STEPS_MAX: usize = 8;

/// What a catalogue says of a product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Product {
    /// The list price of one.
    pub(crate) list_price: Option<Decimal>,
    /// Its currency.
    pub(crate) currency: Option<Currency>,
}

/// All products and spellings.
#[derive(Debug, Clone, Default)]
pub(crate) struct SkuCatalog {
    products: HashMap<String, Product>,
    by_id: HashMap<(String, String), String>,
    /// By an id alone; `None` where two sources mean different products by it.
    by_bare_id: HashMap<String, Option<String>>,
    aliases: HashMap<String, String>,
}

impl SkuCatalog {
    /// Reads the products of all sources. Configured aliases win over those of products; of two
    /// products that claim one alias, the lower code has it.
    pub(crate) fn new(products: &[Record], configured: &BTreeMap<String, String>) -> Self {
        let mut sorted: Vec<&Record> = products.iter().collect();
        sorted.sort_by_key(|record| (record.text("sku").map(str::to_owned), record.key()));
        let mut catalog = Self::default();
        for record in sorted {
            let Some(sku) = record.text("sku") else {
                continue;
            };
            let product = catalog.products.entry(sku.to_owned()).or_default();
            if product.list_price.is_none() {
                product.list_price = record.decimal("list_price");
                product.currency = record.text("currency").and_then(|code| code.parse().ok());
            }
            catalog
                .by_id
                .entry((record.source().to_owned(), record.id().to_owned()))
                .or_insert_with(|| sku.to_owned());
            catalog
                .by_bare_id
                .entry(record.id().to_owned())
                .and_modify(|known| {
                    if known.as_deref() != Some(sku) {
                        *known = None;
                    }
                })
                .or_insert_with(|| Some(sku.to_owned()));
            for alias in record.list("aliases") {
                if alias != sku {
                    catalog
                        .aliases
                        .entry(alias.clone())
                        .or_insert_with(|| sku.to_owned());
                }
            }
        }
        for (alias, sku) in configured {
            catalog.aliases.insert(alias.clone(), sku.clone());
        }
        catalog
    }

    /// The canonical code of what a record of `source` calls its product: an alias, a product's id
    /// in that source, a code, an id that only one product of any source has, or the text itself.
    pub(crate) fn canonical(&self, source: &str, code: Option<&str>) -> String {
        let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
            return NO_SKU.to_owned();
        };
        let mut canonical = if self.aliases.contains_key(code) {
            code
        } else if let Some(sku) = self.by_id.get(&(source.to_owned(), code.to_owned())) {
            sku
        } else if let (false, Some(Some(sku))) =
            (self.products.contains_key(code), self.by_bare_id.get(code))
        {
            sku
        } else {
            code
        };
        for _ in 0..ALIAS_STEPS_MAX {
            match self.aliases.get(canonical) {
                Some(next) => canonical = next,
                None => break,
            }
        }
        canonical.to_owned()
    }

    /// What is known of a canonical code.
    pub(crate) fn product(&self, sku: &str) -> Option<&Product> {
        self.products.get(sku)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{Entity, Value};

    fn product(source: &str, id: &str, sku: &str, aliases: &[&str]) -> Record {
        let mut record = Record::empty(Entity::Products);
        for (column, text) in [("source", source), ("id", id), ("sku", sku)] {
            record.set(column, Some(Value::Text(text.into())));
        }
        let aliases = aliases.iter().map(|&alias| alias.into()).collect();
        record.set("aliases", Some(Value::List(aliases)));
        record
    }

    // Goal: every spelling leads to one code, and a circle of aliases ends. Method: a small catalogue.
    #[test]
    fn spellings_lead_to_one_code() {
        let products = [
            product("billing", "prod_1", "M365-BP", &["M365 Business Premium"]),
            product("crm", "7", "BACKUP", &[]),
            product("billing", "7", "PHONE", &[]),
        ];
        let configured = BTreeMap::from([
            ("M365BP".to_owned(), "M365-BP".to_owned()),
            ("x".to_owned(), "y".to_owned()),
            ("y".to_owned(), "x".to_owned()),
        ]);
        let catalog = SkuCatalog::new(&products, &configured);
        for (source, code, canonical) in [
            ("crm", "M365BP", "M365-BP"),
            ("crm", "M365 Business Premium", "M365-BP"),
            ("seats", "prod_1", "M365-BP"),
            ("crm", "7", "BACKUP"),
            ("billing", "7", "PHONE"),
            ("seats", "7", "7"),
            ("seats", "nobody-knows", "nobody-knows"),
        ] {
            assert_eq!(
                catalog.canonical(source, Some(code)),
                canonical,
                "{source} {code}"
            );
        }
        assert_eq!(catalog.canonical("crm", None), NO_SKU);
        catalog.canonical("crm", Some("x"));
    }
}
