//! A server of invoices in Stripe's shape, fast enough not to be what is measured.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// Invoices of one page, as the connector asks for them.
const PAGE: u64 = 100;
/// The newest invoice's instant; they are listed newest first, as Stripe lists them.
const NEWEST: u64 = 1_793_000_000;
/// Seconds between two invoices: 200,000 of them are a year.
const APART: u64 = 157;

/// Prints its address and serves until it is killed.
pub(crate) fn serve(port: u16, invoices: u64, latency: Duration) {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        std::thread::spawn(move || {
            // A connection that breaks is the other side's to tell.
            let _ended = talk(&stream, invoices, latency);
        });
    }
}

fn talk(stream: &TcpStream, invoices: u64, latency: Duration) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream);
    let mut output = stream;
    let mut line = String::new();
    let mut reply = Vec::new();
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
        while line.trim() != "" {
            line.clear();
            input.read_line(&mut line)?;
        }
        std::thread::sleep(latency);
        let body = page(&target, invoices);
        reply.clear();
        write!(
            reply,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )?;
        reply.extend_from_slice(body.as_bytes());
        output.write_all(&reply)?;
    }
}

fn page(target: &str, invoices: u64) -> String {
    let mut text = String::with_capacity(400 << 10);
    text.push_str(r#"{"object":"list","url":"/v1/invoices","data":["#);
    let created = |bound: &str| -> Option<u64> {
        let (_, rest) = target.split_once(&format!("created%5B{bound}%5D="))?;
        rest.split('&').next()?.parse().ok()
    };
    // The newest one is the first, so the end of a window is where its list begins.
    let newest = created("lt")
        .and_then(|bound| NEWEST.checked_sub(bound))
        .map_or(0, |after| after / APART + 1);
    let invoices = match created("gte").map(|bound| NEWEST.checked_sub(bound)) {
        None => invoices,
        Some(None) => 0,
        Some(Some(before)) => invoices.min(before / APART + 1),
    };
    let first = match target.split_once("starting_after=in_") {
        Some((_, id)) => id[..9].parse::<u64>().unwrap() + 1,
        None => newest.min(invoices),
    };
    let is_other = !target.starts_with("/v1/invoices");
    let end = if is_other {
        first
    } else {
        invoices.min(first + PAGE)
    };
    for at in first..end {
        if at > first {
            text.push(',');
        }
        text.push_str(&invoice(at));
    }
    let _written = write!(text, r#"],"has_more":{}}}"#, !is_other && end < invoices);
    text
}

/// Letters and numbers that differ from invoice to invoice as real ones do.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn letters(&mut self, count: usize) -> String {
        const LETTERS: &[u8; 62] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut text = String::with_capacity(count);
        let mut left = 0;
        for _ in 0..count {
            if left < 62 {
                left = self.next();
            }
            text.push(char::from(LETTERS[usize::try_from(left % 62).unwrap()]));
            left /= 62;
        }
        text
    }
}

/// The invoice at a place of the list.
pub(crate) fn invoice(at: u64) -> String {
    let mut dice = Dice(at.wrapping_mul(0x1234_5678_9abc_def1));
    let id = format!("in_{at:09}{}", dice.letters(15));
    let customer = format!("cus_{}", Dice(at % 25_000).letters(14));
    let subscription = format!("sub_{}", Dice(at % 40_000 + 100_000).letters(24));
    let created = NEWEST - at * APART;
    let finalized = created + 3_600;
    let (start, end) = (created, created + 2_592_000);
    let amounts: Vec<u64> = (0..2).map(|_| 900 + dice.next() % 90_000).collect();
    let taxes: Vec<u64> = amounts.iter().map(|amount| amount * 8 / 100).collect();
    let subtotal: u64 = amounts.iter().sum();
    let tax: u64 = taxes.iter().sum();
    let total = subtotal + tax;
    let is_paid = !dice.next().is_multiple_of(10);
    let (status, paid, due) = if is_paid {
        ("paid", total, 0)
    } else {
        ("open", 0, total)
    };
    let paid_at = if is_paid {
        (finalized + 86_400).to_string()
    } else {
        "null".to_owned()
    };
    let name = dice.next() % 25_000;
    let token = dice.letters(60);
    let mut lines = String::new();
    for (line, (amount, line_tax)) in amounts.iter().zip(&taxes).enumerate() {
        let product = dice.next() % 40;
        let price = Dice(product + 500_000).letters(24);
        let comma = if line > 0 { "," } else { "" };
        let _written = write!(
            lines,
            r#"{comma}{{"id":"il_{}","object":"line_item","amount":{amount},"currency":"usd","description":"{} × Managed service plan {product} (at ${}.00 / month)","discount_amounts":[],"invoice":"{id}","livemode":true,"metadata":{{"sku":"MSP-{product:03}"}},"parent":{{"subscription_item_details":{{"subscription_item":"si_{}"}},"type":"subscription_item_details"}},"period":{{"end":{end},"start":{start}}},"pricing":{{"price_details":{{"price":"price_{price}","product":"prod_MSP{product:03}"}},"type":"price_details","unit_amount_decimal":"{amount}"}},"quantity":1,"quantity_decimal":"1","subtotal":{amount},"taxes":[{{"amount":{line_tax},"tax_behavior":"exclusive","tax_rate_details":{{"tax_rate":"txr_{}"}},"taxable_amount":{amount}}}]}}"#,
            dice.letters(24),
            1,
            amount / 100,
            dice.letters(14),
            dice.letters(24),
        );
    }
    format!(
        r#"{{"id":"{id}","object":"invoice","account_country":"US","account_name":"Northwind Managed Services","amount_due":{total},"amount_paid":{paid},"amount_remaining":{due},"application":null,"attempt_count":1,"attempted":true,"auto_advance":false,"automatic_tax":{{"disabled_reason":null,"enabled":true,"liability":{{"type":"self"}},"provider":"stripe","status":"complete"}},"billing_reason":"subscription_cycle","collection_method":"charge_automatically","created":{created},"currency":"usd","custom_fields":null,"customer":"{customer}","customer_address":{{"city":"Springfield","country":"US","line1":"{} Main Street","line2":null,"postal_code":"{:05}","state":"NY"}},"customer_email":"ap{name}@customer{name}.example","customer_name":"Customer {name} Inc.","customer_phone":null,"customer_tax_exempt":"none","customer_tax_ids":[],"description":null,"discounts":[],"due_date":null,"effective_at":{finalized},"ending_balance":0,"footer":null,"from_invoice":null,"hosted_invoice_url":"https://invoice.stripe.com/i/acct_1NorthwindMSP/live_{token}?s=ap","lines":{{"object":"list","data":[{lines}],"has_more":false,"total_count":2,"url":"/v1/invoices/{id}/lines"}},"livemode":true,"metadata":{{}},"next_payment_attempt":null,"number":"NW-{:08}","on_behalf_of":null,"parent":{{"quote_details":null,"subscription_details":{{"metadata":{{}},"subscription":"{subscription}"}},"type":"subscription_details"}},"period_end":{created},"period_start":{},"receipt_number":null,"starting_balance":0,"statement_descriptor":null,"status":"{status}","status_transitions":{{"finalized_at":{finalized},"marked_uncollectible_at":null,"paid_at":{paid_at},"voided_at":null}},"subtotal":{subtotal},"subtotal_excluding_tax":{subtotal},"total":{total},"total_discount_amounts":[],"total_excluding_tax":{subtotal},"total_taxes":[{{"amount":{tax},"tax_behavior":"exclusive","tax_rate_details":{{"tax_rate":"txr_{}"}},"taxability_reason":"standard_rated","taxable_amount":{subtotal},"type":"tax_rate_details"}}],"webhooks_delivered_at":{created}}}"#,
        name % 900 + 1,
        name % 99_999,
        1_000_000 + at,
        created - 2_592_000,
        dice.letters(24),
    )
}
