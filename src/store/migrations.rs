//! The schema's history, the same file names for both databases, embedded in the binary.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// One step, with its text for each database.
struct Step {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    #[cfg(feature = "postgres")]
    postgres: &'static str,
}

macro_rules! steps {
    ($($version:literal $name:literal,)+) => {
        &[$(Step {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            #[cfg(feature = "postgres")]
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        },)+]
    };
}

const STEPS: &[Step] = steps! {
    1 "0001_runs",
    2 "0002_manifest",
    3 "0003_crosswalk",
    4 "0004_book",
    5 "0005_cases",
    6 "0006_outbox",
    7 "0007_snapshots",
    8 "0008_audit",
    9 "0009_budgets",
    10 "0010_worth",
    11 "0011_parked",
    12 "0012_shelf",
    13 "0013_candidates",
    14 "0014_periods",
    15 "0015_cash",
    16 "0016_waits",
};

/// The newest version that this build knows.
pub(super) fn newest_version() -> i64 {
    STEPS.last().map_or(0, |step| step.version)
}

/// All steps for SQLite.
pub(super) fn sqlite() -> Migrator {
    migrator(|step| step.sqlite)
}

/// All steps for Postgres.
#[cfg(feature = "postgres")]
pub(super) fn postgres() -> Migrator {
    migrator(|step| step.postgres)
}

fn migrator(text: impl Fn(&Step) -> &'static str) -> Migrator {
    let migrations = STEPS.iter().map(|step| {
        Migration::new(
            step.version,
            Cow::Borrowed(step.name),
            MigrationType::Simple,
            text(step).into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(migrations.collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Goal: neither database falls behind. Method: the names in both folders are those that are
    /// embedded, and each begins with its number.
    #[test]
    fn both_databases_have_the_same_steps() {
        let embedded: BTreeSet<String> = STEPS
            .iter()
            .map(|step| format!("{}.sql", step.name))
            .collect();
        for database in ["sqlite", "postgres"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("migrations")
                .join(database);
            let there: BTreeSet<String> = std::fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            assert_eq!(there, embedded, "{database}");
        }
        for step in STEPS {
            assert!(step.name.starts_with(&format!("{:04}_", step.version)));
        }
    }
}
