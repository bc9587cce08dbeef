//! The demo's folder: its configuration, its secrets and the files that its sources read.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::DemoError;
use super::rates;
use super::world::World;
use crate::fault::Failure;

/// The annotated configuration, with a placeholder for each server's address.
const TEMPLATE: &str = include_str!("../../config/demo.toml");
const CRM_PLACEHOLDER: &str = "http://crm.demo.invalid";
const BILLING_PLACEHOLDER: &str = "http://billing.demo.invalid";

/// The text of the demo's configuration for two servers. All its paths are relative to the folder
/// that it is put in.
pub fn config(crm_url: &str, billing_url: &str) -> String {
    TEMPLATE
        .replace(CRM_PLACEHOLDER, crm_url)
        .replace(BILLING_PLACEHOLDER, billing_url)
}

/// Where the demo's files are, once they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoPlaces {
    /// The configuration file.
    pub config: PathBuf,
    /// The folder that the usage source reads: [`World::write_usage`] fills it for each night.
    pub usage: PathBuf,
}

impl DemoPlaces {
    /// Writes the configuration, the two secrets (which only their owner can read) and the exchange
    /// rates into a folder, over what a former demo left there.
    pub fn prepare(
        folder: &Path,
        world: &World,
        crm_url: &str,
        billing_url: &str,
    ) -> Result<Self, Failure> {
        let (secrets, usage) = (folder.join("secrets"), folder.join("drop"));
        for path in [&secrets, &usage] {
            std::fs::create_dir_all(path).map_err(|cause| DemoError::File {
                path: path.clone(),
                cause,
            })?;
        }
        write(&secrets.join("crm.token"), &world.crm_token(), OWNER_ONLY)?;
        write(
            &secrets.join("billing.key"),
            &world.billing_key(),
            OWNER_ONLY,
        )?;
        write(&usage.join("fx-rates.csv"), &rates::csv(), READABLE)?;
        let path = folder.join("crossfoot.toml");
        write(&path, &config(crm_url, billing_url), READABLE)?;
        Ok(Self {
            config: path,
            usage,
        })
    }
}

const OWNER_ONLY: u32 = 0o600;
const READABLE: u32 = 0o644;

fn write(path: &Path, text: &str, mode: u32) -> Result<(), DemoError> {
    let failed = |cause| DemoError::File {
        path: path.to_owned(),
        cause,
    };
    // A mode counts for a new file only, and a former demo's file may have another.
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(failed(cause)),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
