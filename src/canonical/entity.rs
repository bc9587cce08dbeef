//! Which entities there are, and the columns of each.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

/// How a column's values are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, kept as the source spelled it.
    Text,
    /// A list of texts; `;` separates them in a CSV cell.
    List,
    /// An exact number with at most 28 digits, 10 of them decimals.
    Decimal,
    /// A civil date.
    Date,
    /// An instant in microseconds, UTC.
    Instant,
    /// True or false.
    Bool,
    /// A living ISO 4217 code.
    Currency,
}

impl Kind {
    /// The Arrow type that a column of this kind lands in.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Text | Self::Currency => DataType::Utf8,
            Self::List => DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))),
            Self::Decimal => DataType::Decimal128(28, 10),
            Self::Date => DataType::Date32,
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Bool => DataType::Boolean,
        }
    }

    /// What a person calls it in an error text.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::List => "list of texts",
            Self::Decimal => "decimal number",
            Self::Date => "date (YYYY-MM-DD)",
            Self::Instant => "instant (RFC 3339)",
            Self::Bool => "true or false",
            Self::Currency => "currency of ISO 4217",
        }
    }
}

/// One column of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in files, in Parquet and in SQL.
    pub name: &'static str,
    /// How its values are typed.
    pub kind: Kind,
    /// Whether a row without it is quarantined.
    pub required: bool,
}

const fn required(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        required: true,
    }
}

const fn optional(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        required: false,
    }
}

/// The columns that stand first in every entity.
pub const COMMON_COLUMNS: &[Column] = &[
    required("source", Kind::Text),
    required("id", Kind::Text),
    required("updated_at", Kind::Instant),
    required("deleted", Kind::Bool),
    optional("branch", Kind::Text),
];

/// The record as the source gave it.
const RAW_COLUMN: Column = optional("raw", Kind::Text);

/// The digest of a version, beside the landed columns; files of earlier releases have none.
pub const DIGEST_COLUMN: &str = "digest";

/// The columns that the landing adds at the end of every entity.
pub const LANDING_COLUMNS: &[Column] = &[
    required("extracted_at", Kind::Instant),
    required("run_id", Kind::Text),
    RAW_COLUMN,
];

/// What a record is a record of.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the names are the domain's own; the columns say the rest"
)]
pub enum Entity {
    Accounts,
    Products,
    Contracts,
    Usage,
    Invoices,
    InvoiceLines,
    Payments,
    Remittances,
    Claims,
    Documents,
    Promises,
    Notes,
    FxRates,
}

impl Entity {
    /// All of them, in the order of the data's way: customers first, money last.
    pub const ALL: &[Self] = &[
        Self::Accounts,
        Self::Products,
        Self::Contracts,
        Self::Usage,
        Self::Invoices,
        Self::InvoiceLines,
        Self::Payments,
        Self::Remittances,
        Self::Claims,
        Self::Documents,
        Self::Promises,
        Self::Notes,
        Self::FxRates,
    ];

    /// The name in configuration, folders and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Products => "products",
            Self::Contracts => "contracts",
            Self::Usage => "usage",
            Self::Invoices => "invoices",
            Self::InvoiceLines => "invoice_lines",
            Self::Payments => "payments",
            Self::Remittances => "remittances",
            Self::Claims => "claims",
            Self::Documents => "documents",
            Self::Promises => "promises",
            Self::Notes => "notes",
            Self::FxRates => "fx_rates",
        }
    }

    /// The columns of this entity alone, without the common ones and the landing's.
    pub const fn own_columns(self) -> &'static [Column] {
        use Kind::{Currency, Date, Decimal, Instant, List, Text};
        match self {
            Self::Accounts => {
                &const {
                    [
                        required("name", Text),
                        optional("legal_name", Text),
                        optional("linked_ids", List),
                        optional("tax_id", Text),
                        optional("registration_no", Text),
                        optional("domain", Text),
                        optional("email", Text),
                        optional("phone", Text),
                        optional("street", Text),
                        optional("city", Text),
                        optional("region", Text),
                        optional("postal_code", Text),
                        optional("country", Text),
                        optional("currency", Currency),
                        optional("payment_terms", Text),
                        optional("parent_id", Text),
                        optional("owner", Text),
                        optional("segment", Text),
                        optional("status", Text),
                    ]
                }
            }
            Self::Products => {
                &const {
                    [
                        required("sku", Text),
                        optional("name", Text),
                        optional("unit", Text),
                        optional("list_price", Decimal),
                        optional("currency", Currency),
                        optional("aliases", List),
                    ]
                }
            }
            Self::Contracts => {
                &const {
                    [
                        required("account_id", Text),
                        required("sku", Text),
                        required("quantity", Decimal),
                        required("unit_price", Decimal),
                        optional("discount_percent", Decimal),
                        optional("discount_ends_on", Date),
                        required("currency", Currency),
                        required("starts_on", Instant),
                        optional("ends_on", Instant),
                        optional("frequency", Text),
                        optional("model", Text),
                        optional("commit_quantity", Decimal),
                        optional("overage_price", Decimal),
                        optional("proration", Text),
                        optional("tax_rate", Decimal),
                        optional("payment_terms", Text),
                        optional("status", Text),
                        optional("closed_on", Date),
                    ]
                }
            }
            Self::Usage => {
                &const {
                    [
                        required("account_id", Text),
                        required("sku", Text),
                        required("quantity", Decimal),
                        required("starts_on", Instant),
                        optional("ends_on", Instant),
                    ]
                }
            }
            Self::Invoices => {
                &const {
                    [
                        required("number", Text),
                        optional("kind", Text),
                        required("account_id", Text),
                        required("issued_on", Date),
                        optional("due_on", Date),
                        required("currency", Currency),
                        optional("net", Decimal),
                        optional("tax", Decimal),
                        required("total", Decimal),
                        optional("balance", Decimal),
                        optional("status", Text),
                        optional("po_number", Text),
                        optional("original_invoice_id", Text),
                        optional("reason_code", Text),
                    ]
                }
            }
            Self::InvoiceLines => {
                &const {
                    [
                        required("invoice_id", Text),
                        optional("account_id", Text),
                        optional("sku", Text),
                        optional("description", Text),
                        optional("quantity", Decimal),
                        optional("unit_price", Decimal),
                        required("net", Decimal),
                        optional("tax", Decimal),
                        required("currency", Currency),
                        optional("service_from", Date),
                        optional("service_to", Date),
                    ]
                }
            }
            Self::Payments => {
                &const {
                    [
                        optional("account_id", Text),
                        required("received_on", Date),
                        required("amount", Decimal),
                        required("currency", Currency),
                        optional("method", Text),
                        optional("reference", Text),
                        optional("status", Text),
                        optional("reversal_of", Text),
                    ]
                }
            }
            Self::Remittances => {
                &const {
                    [
                        required("payment_id", Text),
                        optional("invoice_id", Text),
                        optional("invoice_number", Text),
                        required("amount", Decimal),
                        optional("deduction_amount", Decimal),
                        optional("reason_code", Text),
                    ]
                }
            }
            Self::Claims => {
                &const {
                    [
                        required("account_id", Text),
                        optional("invoice_id", Text),
                        optional("sku", Text),
                        optional("quantity", Decimal),
                        required("amount", Decimal),
                        required("currency", Currency),
                        optional("reason_code", Text),
                        optional("claimed_on", Date),
                        optional("evidence_due_on", Date),
                        optional("reference", Text),
                    ]
                }
            }
            Self::Documents => {
                &const {
                    [
                        required("kind", Text),
                        optional("number", Text),
                        optional("account_id", Text),
                        optional("invoice_id", Text),
                        optional("po_number", Text),
                        optional("sku", Text),
                        optional("quantity", Decimal),
                        optional("unit_price", Decimal),
                        optional("rate", Decimal),
                        optional("starts_on", Date),
                        optional("ends_on", Date),
                        optional("dated_on", Date),
                        optional("exception_note", Text),
                    ]
                }
            }
            Self::Promises => {
                &const {
                    [
                        required("account_id", Text),
                        optional("invoice_id", Text),
                        required("amount", Decimal),
                        required("currency", Currency),
                        optional("promised_on", Date),
                        required("due_on", Date),
                        optional("status", Text),
                    ]
                }
            }
            Self::Notes => {
                &const {
                    [
                        optional("account_id", Text),
                        optional("invoice_id", Text),
                        optional("author", Text),
                        optional("written_at", Instant),
                        optional("channel", Text),
                        optional("summary", Text),
                        optional("next_action", Text),
                        optional("next_action_on", Date),
                    ]
                }
            }
            Self::FxRates => {
                &const {
                    [
                        required("from_currency", Currency),
                        required("to_currency", Currency),
                        required("rate", Decimal),
                        required("dated_on", Date),
                        optional("rate_source", Text),
                    ]
                }
            }
        }
    }

    /// Common columns, then the entity's own: what a source maps and a [`super::Record`] holds.
    pub fn columns(self) -> impl Iterator<Item = &'static Column> {
        COMMON_COLUMNS.iter().chain(self.own_columns())
    }

    /// The entity whose records stand below this one's, and the column by which they name it.
    pub fn children(self) -> Option<(Self, &'static str)> {
        match self {
            Self::Invoices => Some((Self::InvoiceLines, "invoice_id")),
            Self::Payments => Some((Self::Remittances, "payment_id")),
            _ => None,
        }
    }

    /// The column by which a record names what it stands below.
    pub fn parent_column(self) -> Option<&'static str> {
        let mut families = Self::ALL.iter().filter_map(|entity| entity.children());
        families.find_map(|(child, column)| (child == self).then_some(column))
    }

    /// Where a column stands among [`Entity::columns`].
    pub fn index_of(self, column: &str) -> Option<usize> {
        self.columns()
            .position(|candidate| candidate.name == column)
    }

    /// The Arrow schema of a mapped page: [`Entity::columns`] and `raw`.
    pub fn page_schema(self) -> SchemaRef {
        Arc::new(Schema::new(
            self.columns()
                .chain(&[RAW_COLUMN])
                .map(field)
                .collect::<Vec<_>>(),
        ))
    }

    /// The Arrow schema of a landed file: [`Entity::columns`] and the landing's.
    pub fn landed_schema(self) -> SchemaRef {
        Arc::new(Schema::new(
            self.columns()
                .chain(LANDING_COLUMNS)
                .map(field)
                .collect::<Vec<_>>(),
        ))
    }

    /// The Arrow schema of a file: [`Entity::landed_schema`] and [`DIGEST_COLUMN`].
    pub fn file_schema(self) -> SchemaRef {
        let digest = Field::new(DIGEST_COLUMN, DataType::FixedSizeBinary(16), false);
        let landed = self.landed_schema();
        let fields = landed.fields().iter().cloned().chain([Arc::new(digest)]);
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// The columns whose sums are control totals, per currency where the entity has one.
    pub const fn totalled_columns(self) -> &'static [&'static str] {
        match self {
            Self::Contracts | Self::Usage => &["quantity"],
            Self::Invoices => &["total", "balance"],
            Self::InvoiceLines => &["net", "tax"],
            Self::Payments | Self::Remittances | Self::Claims | Self::Promises => &["amount"],
            Self::Accounts | Self::Products | Self::Documents | Self::Notes | Self::FxRates => &[],
        }
    }

    /// The column whose month decides the partition that a record lands in; where there is none,
    /// the month of the extraction does.
    pub const fn dated_column(self) -> Option<&'static str> {
        match self {
            Self::Invoices => Some("issued_on"),
            Self::InvoiceLines => Some("service_from"),
            Self::Payments => Some("received_on"),
            Self::Usage => Some("starts_on"),
            _ => None,
        }
    }
}

fn field(column: &Column) -> Field {
    // Only what the landing itself guarantees is not null: a tombstone has nothing but its key.
    let always = matches!(
        column.name,
        "source" | "id" | "deleted" | "extracted_at" | "run_id"
    );
    Field::new(column.name, column.kind.data_type(), !always)
}

impl fmt::Display for Entity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The text names no entity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no entity")]
pub struct NoEntity(pub String);

impl FromStr for Entity {
    type Err = NoEntity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|entity| entity.name() == text)
            .ok_or_else(|| NoEntity(text.to_owned()))
    }
}
