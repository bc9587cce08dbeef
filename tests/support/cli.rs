//! The program itself, run in a folder of its own as a user would run it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A CRM and a billing system whose records are files.
pub(crate) const TWO_BOOKS: &str = r#"
[source.crm]
connector = "files"
role = "crm"
files = { accounts = "crm-accounts.csv", contracts = "contracts.csv" }

[source.billing]
connector = "files"
role = "billing"
files = { accounts = "billing-accounts.csv", invoices = "invoices.csv", invoice_lines = "lines.csv" }
"#;

/// A folder with a configuration, and the program run in it.
pub(crate) struct Workspace {
    folder: TempDir,
    now: String,
}

/// What a run of the program came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The answer as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!(
                "no JSON ({error}) in:\n{}\nstderr:\n{}",
                self.stdout, self.stderr
            )
        })
    }

    /// Asserts the exit code, showing everything that was said when it is another.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "exit code\nstdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }
}

impl Workspace {
    /// A folder with a `crossfoot.toml`, and a clock that stands at `now`.
    pub(crate) fn new(config: &str, now: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("crossfoot.toml"), config).unwrap();
        Self {
            folder,
            now: now.to_owned(),
        }
    }

    /// The same with a CRM and a billing system whose records are files: `crm-accounts.csv`,
    /// `contracts.csv`, `billing-accounts.csv`, `invoices.csv` and `lines.csv`.
    pub(crate) fn of_two_books(config: &str, now: &str) -> Self {
        Self::new(&format!("{config}{TWO_BOOKS}"), now)
    }

    /// Writes one customer into both books: `c1` of the CRM, `b1` of billing.
    pub(crate) fn one_customer(&self) {
        self.write(
            "crm-accounts.csv",
            "id,name,linked_ids\nc1,Acme,billing:b1\n",
        );
        self.write("billing-accounts.csv", "id,name\nb1,Acme Inc\n");
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the folder, and the folders above it.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Sets the clock.
    pub(crate) fn set_now(&mut self, now: &str) {
        now.clone_into(&mut self.now);
    }

    /// The program, ready to be given arguments.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.timeless_command();
        command.args(["--now", &self.now]);
        command
    }

    fn timeless_command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crossfoot"));
        command
            .current_dir(self.path())
            .env_remove("CROSSFOOT_NOW")
            .env("USER", "tester")
            .env("NO_COLOR", "1");
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command().args(arguments).output().unwrap())
    }

    /// Runs the program by the clock of the system, which goes on while it works.
    pub(crate) fn run_by_the_system_clock(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.timeless_command().args(arguments).output().unwrap())
    }
}

impl Ran {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
