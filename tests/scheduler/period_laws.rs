//! Laws of closed periods over generated nights: what a close kept never changes (law 12), what was
//! found since is the difference (restated less reported), and the open set rolls forward over a
//! close as over any other night (law 3).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crossfoot::clock::Clock;
use crossfoot::config::Config;
use crossfoot::env::{Env, Quiet};
use crossfoot::period::Period;
use crossfoot::reconcile::{
    Discrepancy, DiscrepancyState, PeriodAct, PeriodRequest, PeriodState, PersonMove,
    ResolutionCode, legal_moves, move_by_person,
};
use crossfoot::report::kpi::{Kpi, RollForward};
use crossfoot::scheduler::jobs::{
    PeriodBook, compute_kpi, move_period, reconcile_periods, standing_kpi, sync_sources,
};
use crossfoot::store::{Access, DiscrepancyFilter, PeriodClose, Store};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::{
    ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, proptest,
};
use proptest::test_runner::TestCaseError;
use rust_decimal::Decimal;

use crate::support::store::open_sqlite;

const CONFIG: &str = r#"
[company]
name = "Northwind"
timezone = "UTC"
currency = "USD"

[source.crm]
connector = "files"
role = "crm"
files = { accounts = "crm-accounts.csv", contracts = "contracts.csv" }

[source.billing]
connector = "files"
role = "billing"
files = { accounts = "billing-accounts.csv", invoices = "invoices.csv", invoice_lines = "lines.csv" }
"#;

/// What somebody does before a night.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Nothing,
    Close,
    Lock,
    Reopen,
    /// Moves an item on by the first move that is legal.
    Work(u8),
    /// Dismisses an item as a false positive, where that is legal.
    Dismiss(u8),
}

#[derive(Debug, Clone)]
struct Night {
    seats: u32,
    disks: Option<u32>,
    deed: Deed,
}

fn nights() -> impl Strategy<Value = Vec<Night>> {
    let deed = (0..9_u8, any::<u8>()).prop_map(|(deed, which)| match deed {
        0..=2 => Deed::Close,
        3 => Deed::Lock,
        4 => Deed::Reopen,
        5..=6 => Deed::Work(which),
        7 => Deed::Dismiss(which),
        _ => Deed::Nothing,
    });
    let night = (6..13_u32, prop::option::of(0..4_u32), deed);
    prop::collection::vec(
        night.prop_map(|(seats, disks, deed)| Night { seats, disks, deed }),
        3..7,
    )
}

fn october() -> Period {
    "2026-10".parse().unwrap()
}

/// Every third night from 26 October on, so that the month's end lies among them.
fn instant(night: usize) -> Timestamp {
    let first: Timestamp = "2026-10-26T03:00:00Z".parse().unwrap();
    let days = i64::try_from(night).unwrap() * 3;
    first.checked_add((days * 24).hours()).unwrap()
}

fn write(folder: &Path, night: &Night) {
    let put = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
    let header = "id,account_id,sku,quantity,unit_price,currency,starts_on,ends_on\n";
    let disks = "k2,c1,DISK,3,5.00,USD,2026-10-01,2026-11-01\n";
    put(
        "contracts.csv",
        format!("{header}k1,c1,SEAT,10,22.00,USD,2026-10-01,2026-11-01\n{disks}"),
    );
    put(
        "crm-accounts.csv",
        "id,name,linked_ids\nc1,Acme,billing:b1\n".into(),
    );
    put("billing-accounts.csv", "id,name\nb1,Acme Inc\n".into());
    put(
        "invoices.csv",
        "id,number,account_id,issued_on,due_on,currency,total\n\
         i1,INV-1,b1,2026-10-01,2026-10-31,USD,176.00\n"
            .into(),
    );
    let line = |id: &str, sku: &str, quantity: u32, price: u32| {
        let net = quantity * price;
        format!("{id},i1,{sku},{quantity},{price}.00,{net}.00,USD,2026-10-01,2026-11-01\n")
    };
    let mut lines =
        "id,invoice_id,sku,quantity,unit_price,net,currency,service_from,service_to\n".to_owned();
    lines.push_str(&line("l1", "SEAT", night.seats, 22));
    if let Some(disks) = night.disks {
        lines.push_str(&line("l2", "DISK", disks, 5));
    }
    put("lines.csv", lines);
}

struct World {
    env: Env,
    /// What every close kept, as it was when it was made.
    kept: BTreeMap<String, PeriodClose>,
}

impl World {
    async fn items(&self) -> Vec<Discrepancy> {
        self.env
            .store
            .discrepancies(&DiscrepancyFilter::default())
            .await
            .unwrap()
    }

    async fn deed(&mut self, deed: Deed) {
        let act = match deed {
            Deed::Nothing => return,
            Deed::Work(which) => return self.work(which, None).await,
            Deed::Dismiss(which) => {
                let code = Some(ResolutionCode::FalsePositive);
                return self.work(which, code).await;
            }
            Deed::Close => PeriodAct::Close,
            Deed::Lock => PeriodAct::Lock,
            Deed::Reopen => PeriodAct::Reopen,
        };
        let request = PeriodRequest {
            period: october(),
            act,
            by: "ann".into(),
            approver: Some("bob".into()),
            reason: Some("because".into()),
        };
        // What is not legal now changes nothing, which is checked as everything else.
        let moved = move_period(&self.env, "run", &request, false, true).await;
        if let (Ok(changed), PeriodAct::Close) = (moved, act) {
            let id = changed.close_id.unwrap();
            let close = self.env.store.period_close(&id).await.unwrap().unwrap();
            assert!(self.kept.insert(id, close).is_none());
        }
    }

    async fn work(&self, which: u8, dismissal: Option<ResolutionCode>) {
        let items = self.items().await;
        let Some(item) = items.get(usize::from(which) % items.len().max(1)) else {
            return;
        };
        let to = match dismissal {
            Some(_) => DiscrepancyState::Dismissed,
            None => match legal_moves(item.state).first() {
                Some(to) => *to,
                None => return,
            },
        };
        let resolved = (to == DiscrepancyState::Resolved).then_some(ResolutionCode::Rebilled);
        let request = PersonMove {
            to,
            code: dismissal.or(resolved),
            waiting_on: Some(crossfoot::reconcile::WaitingOn::Internal),
            by: "ann".into(),
            approver: Some("bob".into()),
            note: None,
        };
        if let Ok(change) = move_by_person(item, request, self.env.clock.now()) {
            self.env.store.record_changes(&[change]).await.unwrap();
        }
    }

    async fn check(&self) -> Result<(), TestCaseError> {
        let now = self.env.clock.now();
        for (id, close) in &self.kept {
            let stands = self.env.store.period_close(id).await.unwrap().unwrap();
            prop_assert_eq!(&stands, close, "law 12");
        }
        let book = PeriodBook::read(&self.env, now).await.unwrap();
        let told = compute_kpi(&self.env, october().into(), now, None)
            .await
            .unwrap();
        let standing = standing_kpi(&self.env, october().into(), now, None)
            .await
            .unwrap();
        prop_assert_eq!(told.provisional, !book.state(october()).is_kept());
        if let Some(id) = book.close_id(october()) {
            self.check_kept(&self.kept[id], &told, &standing).await?;
        } else {
            prop_assert_eq!(&told.discrepancy, &standing.discrepancy);
            prop_assert!(told.restated.is_none() && told.prior_period_adjustments.is_none());
        }
        let next = standing_kpi(&self.env, october().next().into(), now, None)
            .await
            .unwrap();
        for one in [
            &told.roll_forward,
            &standing.roll_forward,
            &next.roll_forward,
        ] {
            prop_assert_eq!(rolled(one), i64::try_from(one.open_end).unwrap(), "law 3");
        }
        if now >= "2026-11-01T00:00:00Z".parse().unwrap() {
            prop_assert_eq!(
                standing.roll_forward.open_end,
                next.roll_forward.open_start,
                "what is open at the end is open at the start"
            );
        }
        Ok(())
    }

    async fn check_kept(
        &self,
        close: &PeriodClose,
        told: &Kpi,
        standing: &Kpi,
    ) -> Result<(), TestCaseError> {
        let figures: serde_json::Value = serde_json::from_str(&close.figures).unwrap();
        let kept: Kpi = serde_json::from_value(figures["all"]["kpi"].clone()).unwrap();
        prop_assert_eq!(&told.discrepancy, &kept.discrepancy);
        prop_assert_eq!(&told.roll_forward, &kept.roll_forward);
        let then = compute_kpi(&self.env, october().into(), close.at, None)
            .await
            .unwrap();
        prop_assert_eq!(&then.discrepancy, &kept.discrepancy, "as it was known");
        let changes = told.prior_period_adjustments.as_ref().unwrap();
        let net = |kpi: &crossfoot::report::kpi::DiscrepancyFigures| kpi.net.unwrap();
        prop_assert_eq!(
            changes.net.unwrap(),
            net(&standing.discrepancy) - net(&kept.discrepancy)
        );
        prop_assert!(changes.gross.unwrap() >= changes.net.unwrap().abs());
        if let Some(restated) = &told.restated {
            prop_assert_eq!(&**restated, &standing.discrepancy);
        } else {
            prop_assert_eq!(changes.count, 0);
        }
        if changes.count == 0 {
            prop_assert_eq!(changes.gross, Some(Decimal::ZERO));
        }
        Ok(())
    }
}

fn rolled(one: &RollForward) -> i64 {
    let whole = |count: u64| i64::try_from(count).unwrap();
    whole(one.open_start) + whole(one.new) + whole(one.reopened)
        - whole(one.resolved)
        - whole(one.dismissed)
        - whole(one.self_cleared)
        - whole(one.timing)
}

async fn live(nights: &[Night]) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("crossfoot.toml"), CONFIG).unwrap();
    let config = Config::load(&path.join("crossfoot.toml")).unwrap();
    let store: Arc<dyn Store> = open_sqlite(path, Access::Write).await.unwrap();
    let mut world = World {
        env: Env {
            config: Arc::new(config),
            clock: Clock::set_at(instant(0)),
            store,
            landing_root: path.join("landing"),
            spill_dir: path.join("spill"),
            owner: "test:1:1".into(),
            progress: Arc::new(Quiet),
        },
        kept: BTreeMap::new(),
    };
    for (at, night) in nights.iter().enumerate() {
        world.env.clock = Clock::set_at(instant(at));
        write(path, night);
        let pulls = sync_sources(&world.env, "run", &[], None, false)
            .await
            .unwrap();
        assert!(pulls.iter().all(|pull| pull.state == "ok"), "{pulls:?}");
        let book = PeriodBook::read(&world.env, Timestamp::MAX).await.unwrap();
        if book.state(october()) != PeriodState::Locked {
            reconcile_periods(&world.env, "run", &[october()], None)
                .await
                .unwrap();
        }
        Box::pin(world.check()).await?;
        // An hour later people come to work.
        world.env.clock = Clock::set_at(instant(at).checked_add(1.hour()).unwrap());
        Box::pin(world.deed(night.deed)).await;
        Box::pin(world.check()).await?;
    }
    world.env.store.close().await;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    // Goal: laws 3 and 12, and that adjustments are what lies between. Method: nights over files with
    // closes, locks, reopenings and work between them, in any order.
    #[test]
    fn closed_periods_keep_their_laws(nights in nights()) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(Box::pin(live(&nights)))?;
    }
}
