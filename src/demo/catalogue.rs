//! What the demo company sells.

/// How a product is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charge {
    /// The contracted quantity, billed on the first day of the month.
    Fixed,
    /// At least the contracted quantity, at most what was used; billed on the first of the next month.
    TrueUp,
    /// What was used, billed on the first of the next month.
    Usage,
}

impl Charge {
    /// The word of the CRM's custom property, which is the canonical one.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::TrueUp => "per_seat_trueup",
            Self::Usage => "usage",
        }
    }
}

/// A product.
#[derive(Debug)]
pub(super) struct Product {
    /// The code in the CRM and in crossfoot.
    pub(super) sku: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// How it is charged.
    pub(super) charge: Charge,
    /// The list price of one, in cents.
    pub(super) price_cents: i64,
    /// Its record in the CRM.
    pub(super) crm_id: &'static str,
}

impl Product {
    /// Its record in the billing system.
    pub(super) fn billing_id(&self) -> String {
        format!("prod_{}", self.sku.to_ascii_lowercase())
    }
}

/// Where products stand in [`PRODUCTS`].
pub(super) type ProductIndex = usize;

/// The products that every customer may have.
pub(super) const COMMON: [ProductIndex; 5] = [0, 1, 2, 3, 4];
/// Sold to nobody by chance: only errors of the kind "billed, never sold" use it, so that no two
/// unpaired units are equal in product, quantity and price.
pub(super) const SOC: ProductIndex = 5;
/// Seats counted each month.
pub(super) const REMOTE_DESKTOP: ProductIndex = 6;
/// Gigabytes counted each month.
pub(super) const BACKUP: ProductIndex = 7;

/// All products.
pub(super) const PRODUCTS: [Product; 8] = [
    fixed(
        "M365-BP",
        "Microsoft 365 Business Premium",
        2_200,
        "7000001",
    ),
    fixed("M365-E5", "Microsoft 365 E5", 5_700, "7000002"),
    fixed("EDR", "Endpoint detection and response", 650, "7000003"),
    fixed("HELPDESK", "Managed helpdesk, per seat", 3_800, "7000004"),
    fixed("VOIP", "Hosted telephony, per seat", 2_450, "7000005"),
    fixed(
        "SOC-24",
        "Security operations, round the clock",
        1_240,
        "7000006",
    ),
    Product {
        sku: "RDS-SEAT",
        name: "Remote desktop seat",
        charge: Charge::TrueUp,
        price_cents: 3_150,
        crm_id: "7000007",
    },
    Product {
        sku: "BACKUP-GB",
        name: "Cloud backup, per GB",
        charge: Charge::Usage,
        price_cents: 20,
        crm_id: "7000008",
    },
];

const fn fixed(
    sku: &'static str,
    name: &'static str,
    price_cents: i64,
    crm_id: &'static str,
) -> Product {
    Product {
        sku,
        name,
        charge: Charge::Fixed,
        price_cents,
        crm_id,
    }
}
