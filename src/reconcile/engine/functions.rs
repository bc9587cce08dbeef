//! SQL functions over maps in memory: names become golden accounts and canonical codes without a join.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::BooleanArray;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::as_string_array;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};

use crate::canonical::Entity;
use crate::reconcile::billing::UNRESOLVED;
use crate::reconcile::catalog::SkuCatalog;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::identity::AccountDirectory;
use crate::reconcile::input::ReconcileInput;

use super::names::NameFunction;
use super::session::Session;

impl Session {
    /// The functions of names and of the books' zone, the products' by what is landed of them; gives the
    /// products' catalogue.
    pub(crate) async fn know_names_of(
        &self,
        input: &ReconcileInput<'_>,
    ) -> Result<SkuCatalog, ReconcileError> {
        let products = self.records(Entity::Products).await?;
        let catalog = SkuCatalog::new(&products, &input.config.reconcile.sku_aliases);
        self.know_accounts(input.directory);
        self.know_products(&catalog);
        self.know_zone(&input.zone);
        Ok(catalog)
    }

    /// `golden_account(source, ref)`: the golden id; a reference that leads nowhere keeps its own
    /// name, so that its units are found and not lost.
    pub(crate) fn know_accounts(&self, directory: &AccountDirectory) {
        let directory = directory.clone();
        self.know_names("golden_account", move |source, reference| {
            let reference = reference.unwrap_or_default().trim();
            directory.golden(source, reference).map_or_else(
                || format!("{UNRESOLVED}{source}:{reference}"),
                |account| account.id.clone(),
            )
        });
    }

    /// `canonical_sku(source, code)`: the canonical product code.
    pub(crate) fn know_products(&self, catalog: &SkuCatalog) {
        let catalog = catalog.clone();
        self.know_names("canonical_sku", move |source, code| {
            catalog.canonical(source, code)
        });
    }

    /// `invoice_key(source, ref)`: `source:id` of the invoice that a line means.
    pub(super) fn know_invoices(&self, links: BTreeMap<(String, String), String>) {
        self.know_names("invoice_key", move |source, reference| {
            let reference = reference.unwrap_or_default();
            if links.is_empty() {
                return format!("{source}:{reference}");
            }
            links
                .get(&(source.to_owned(), reference.to_owned()))
                .cloned()
                .unwrap_or_else(|| format!("{source}:{reference}"))
        });
    }

    /// `is_suspect(account, sku)`: whether the unit is one of those that differ.
    pub(super) fn know_suspects(&self, suspects: &BTreeSet<(String, String)>) {
        let suspects: HashSet<(String, String)> = suspects.iter().cloned().collect();
        let function = create_udf(
            "is_suspect",
            vec![DataType::Utf8, DataType::Utf8],
            DataType::Boolean,
            Volatility::Immutable,
            Arc::new(move |arguments: &[ColumnarValue]| {
                let arrays = ColumnarValue::values_to_arrays(arguments)?;
                let (accounts, skus) = (as_string_array(&arrays[0])?, as_string_array(&arrays[1])?);
                let answers: BooleanArray = accounts
                    .iter()
                    .zip(skus)
                    .map(|(account, sku)| {
                        let key = (
                            account.unwrap_or_default().to_owned(),
                            sku.unwrap_or_default().to_owned(),
                        );
                        Some(suspects.contains(&key))
                    })
                    .collect();
                Ok(ColumnarValue::Array(Arc::new(answers)))
            }),
        );
        self.context.register_udf(function);
    }

    fn know_names<F>(&self, name: &str, resolve: F)
    where
        F: Fn(&str, Option<&str>) -> String + Send + Sync + 'static,
    {
        let function = NameFunction::new(name, Arc::new(resolve));
        self.context.register_udf(ScalarUDF::from(function));
    }
}
