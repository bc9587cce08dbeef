//! Claimed services beside what was invoiced and paid for them, through the landing.

use crate::support::cli::Workspace;

const CONFIG: &str = r#"
[company]
name = "Northwind"
timezone = "UTC"
currency = "USD"

[source.billing]
connector = "files"
role = "billing"
files = { accounts = "accounts.csv", products = "products.csv", invoices = "invoices.csv", invoice_lines = "lines.csv", payments = "payments.csv" }

[source.portal]
connector = "files"
role = "crm"
files = { claims = "claims.csv" }
"#;

/// Goal: claims are laid beside the lines of the invoices that they name, whatever code they spell the
/// product by, lines of one product are added up with their tax, and one that is claimed and not
/// invoiced, or invoiced and not paid, is not right. Method: five claims and a customer's claim of a
/// fault, which is none of a service, through the landing.
#[test]
fn claims_are_laid_beside_invoice_lines() {
    let workspace = Workspace::new(CONFIG, "2026-11-20T06:00:00Z");
    workspace.write("accounts.csv", "id,name\nb1,Acme\n");
    workspace.write(
        "products.csv",
        "id,sku,aliases\nx1,SEAT,\"[\"\"seat-pro\"\"]\"\n",
    );
    workspace.write(
        "invoices.csv",
        "id,number,account_id,issued_on,due_on,currency,total\n\
         i1,N-1,b1,2026-11-01,2026-11-30,USD,176.00\n\
         i2,N-2,b1,2026-11-02,2026-11-30,USD,60.00\n\
         i'3,N-3,b1,2026-11-03,2026-11-30,USD,20.00\n",
    );
    workspace.write(
        "lines.csv",
        "id,invoice_id,sku,quantity,net,tax,currency\n\
         l1,i1,SEAT,4,80.00,8.00,USD\n\
         l2,i1,SEAT,4,80.00,8.00,USD\n\
         l3,billing:i2,DISK,1,60.00,,USD\n\
         l4,i'3,CARE,1,20.00,0,USD\n",
    );
    workspace.write(
        "payments.csv",
        "id,account_id,received_on,amount,currency,reference\n\
         p1,b1,2026-11-10,176.00,USD,N-1\n\
         p2,b1,2026-11-10,60.00,USD,N-2\n",
    );
    workspace.write(
        "claims.csv",
        "id,account_id,invoice_id,sku,amount,currency,claimed_on,reason_code\n\
         c1,billing:b1,billing:i1,seat-pro,176.00,USD,2026-11-05,\n\
         c2,billing:b1,billing:i2,DISK,60.00,USD,2026-11-05,\n\
         c3,billing:b1,billing:i'3,CARE,20.00,USD,2026-11-05,\n\
         c4,billing:b1,billing:i1,NONE,5.00,USD,2026-11-05,\n\
         c5,billing:b1,billing:i1,SEAT,1.00,USD,2026-10-05,\n\
         c6,billing:b1,billing:i1,SEAT,9.00,USD,2026-11-06,DAMAGE\n",
    );
    workspace.run(&["sync"]).expect(0);
    let told = |period: &str| {
        let kpi = workspace.run(&["kpi", "--period", period, "--json"]);
        kpi.expect(0).json()["payment_accuracy"].clone()
    };
    // c1 is claimed with c5 as 177 of 176; c2 is right; c3 is not paid; c4 is not invoiced.
    let november = told("2026-11");
    assert_eq!(november["claim_lines"], 4, "{november}");
    assert_eq!(november["claim_line_rate"], "0.25", "{november}");
    let october = told("2026-10");
    assert_eq!(october["claim_lines"], 1, "{october}");
    assert_eq!(october["claim_line_rate"], "0", "{october}");
}
