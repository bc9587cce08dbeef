//! `landing query`: questions to the landed tables.

use std::collections::BTreeMap;

use crossfoot::canonical::Entity;
use crossfoot::reconcile::{LandingQuestion, query};

use super::world::World;

fn ask(world: &World, sql: &str) -> Result<String, crossfoot::fault::Failure> {
    let (folder, files) = world.land(jiff::Timestamp::MAX);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let question = LandingQuestion {
        sql,
        files: &files,
        directory: &world.directory(),
        zone: &jiff::tz::TimeZone::get("Europe/Berlin").unwrap(),
        sku_aliases: &BTreeMap::new(),
        memory_limit: 1 << 30,
        spill_dir: folder.path(),
    };
    let answer = runtime.block_on(query(&question))?;
    let table = arrow::util::pretty::pretty_format_batches(&answer.batches).unwrap();
    Ok(table.to_string())
}

// Goal: sums are exact, literals too, and the living table has one row a record. Method: three versions
// of two records.
#[test]
fn answers_are_exact_and_living() {
    let mut world = World::new();
    let line = "source=billing, id=l1, invoice_id=i1, currency=USD";
    world.add(Entity::InvoiceLines, &format!("{line}, net=0.1"));
    world.add_at(
        "2026-11-02T00:00:00Z",
        Entity::InvoiceLines,
        &format!("{line}, net=0.2"),
    );
    world.line("l2", "i1", "net=0.1");
    let living = ask(
        &world,
        "select sum(net) + 0.01 as net, count(*) as rows from invoice_lines",
    );
    let living = living.unwrap();
    assert!(
        living.contains("0.3100000000") && living.contains("| 2 "),
        "{living}"
    );
    let versions = ask(
        &world,
        "select count(*) as rows from invoice_lines_versions",
    )
    .unwrap();
    assert!(versions.contains("| 3 "), "{versions}");
    let empty = ask(&world, "select count(*) as rows from promises").unwrap();
    assert!(empty.contains("| 0 "), "{empty}");
}

// Goal: a question cannot change anything, write a file or read one, and says what it may ask. Method:
// statements that would.
#[test]
fn only_questions_are_answered() {
    let world = World::new();
    for sql in [
        "create table x as select 1",
        "drop view accounts",
        "copy accounts to 'stolen.csv'",
        "insert into accounts_versions values (1)",
        "set datafusion.execution.batch_size = 1",
        "create external table x stored as csv location '/etc/passwd'",
        "select * from '/etc/passwd.csv'",
        "selec",
    ] {
        let failure = ask(&world, sql).unwrap_err();
        assert_eq!(failure.code(), "XF-R006", "{sql}: {}", failure.line());
        assert!(
            failure.report().contains("hint: tables are named"),
            "{}",
            failure.report()
        );
    }
}

// Goal: what begins at midnight by the books begins on that day, whatever the day is in UTC. Method: a
// contract from the first of October in Berlin.
#[test]
fn a_day_is_that_of_the_books() {
    let mut world = World::new();
    world.add(
        Entity::Contracts,
        "source=crm, id=k1, account_id=a1, sku=SEAT, quantity=1, unit_price=1, currency=USD, \
         starts_on=2026-09-30T22:00:00Z",
    );
    let sql = "select book_day(starts_on) as begins, cast(starts_on as date) as in_utc, \
               book_day(ends_on) as ends from contracts";
    let answer = ask(&world, sql).unwrap();
    assert!(
        answer.contains("| 2026-10-01 | 2026-09-30 |      |"),
        "{answer}"
    );
}
