//! Files that are compressed by gzip, and globs that match several formats.

use std::io::Write;

use crossfoot::canonical::Entity;
use crossfoot::config::SourceConfig;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::harness::Desk;

const HEADER: &str = "id,sku,list_price\n";

fn config(files: &str) -> SourceConfig {
    toml::from_str(&format!("connector = 'files'\nrole = 'billing'\n{files}")).unwrap()
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

async fn fails(desk: &Desk, config: &SourceConfig) -> (String, String) {
    let failure = desk.pull(config, "products").await.err().unwrap();
    (failure.code().to_owned(), failure.report())
}

#[tokio::test]
async fn one_glob_may_match_several_formats() {
    // Goal: each file is read by its own format. Method: CSV of two members, CSV that does not say
    // that it is compressed, JSONL compressed and plain.
    let desk = Desk::new();
    let mut two = packed(&format!("{HEADER}p1,S1,1.10\n"));
    two.extend(packed("p2,S2,2\n"));
    desk.file("drop/a.csv.gz", two);
    desk.file("drop/b.csv", packed(&format!("{HEADER}p3,S3,3\n")));
    desk.file("drop/c.jsonl.gz", packed(r#"{"id":"p4","sku":"S4"}"#));
    desk.file("drop/d.jsonl", r#"{"id":"p5","sku":"S5"}"#);
    let pulled = desk
        .pull(&config("files = { products = 'drop/*' }"), "products")
        .await
        .unwrap_or_else(|failure| panic!("{}", failure.report()));
    assert_eq!(pulled.ids(Entity::Products), ["p1", "p2", "p3", "p4", "p5"]);
    let price = pulled.one(Entity::Products, "p1").decimal("list_price");
    assert_eq!(price.unwrap().to_string(), "1.1");
}

#[tokio::test]
async fn what_is_cut_damaged_or_endless_fails_the_source() {
    // Goal: nothing of a file that does not unpack lands. Method: a file without its end, one with
    // a wrong checksum, one that is not compressed, one that unpacks without end.
    let desk = Desk::new();
    let mut config = config("files = { products = 'p.csv.gz' }");
    let whole = packed(&format!("{HEADER}{}", "p1,S1,1\n".repeat(500)));
    desk.file("p.csv.gz", &whole[..whole.len() - 9]);
    let (code, report) = fails(&desk, &config).await;
    assert!(code == "XF-S019" && report.contains("p.csv.gz"), "{report}");
    let mut damaged = whole.clone();
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 0xff;
    desk.file("p.csv.gz", damaged);
    let (code, report) = fails(&desk, &config).await;
    assert_eq!(code, "XF-S019", "{report}");
    desk.file("p.csv.gz", HEADER);
    let (code, report) = fails(&desk, &config).await;
    assert!(
        code == "XF-S019" && report.contains("not compressed"),
        "{report}"
    );
    config.limits.page_bytes = crossfoot::config::ByteSize(64 << 10);
    desk.file(
        "p.csv.gz",
        packed(&format!("{HEADER}{}", "\n".repeat(8 << 20))),
    );
    let (code, report) = fails(&desk, &config).await;
    assert!(
        code == "XF-S014" && report.contains("limits.page_bytes") && report.contains("p.csv.gz"),
        "{report}"
    );
}
