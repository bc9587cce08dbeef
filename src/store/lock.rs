//! One writer: a lock of the operating system on a file beside the store. It ends with the process
//! that holds it, however that ends, so it is never stale; the file's text only says who.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::Clock;
use crate::store::error::StoreError;

/// How long a second writer waits for the first to end, as at a restart.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long it waits between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// The right to write, as long as this is kept.
#[derive(Debug)]
pub(super) struct WriterLock {
    _file: File,
}

fn lock_path(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

impl WriterLock {
    /// Takes the lock, or says within [`PATIENCE`] who has it.
    pub(super) async fn take(store: &Path) -> Result<Self, StoreError> {
        let path = lock_path(store);
        let failed = |action: &'static str| {
            let path = path.clone();
            move |cause| StoreError::File {
                action,
                path,
                cause,
            }
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed("open the lock file"))?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if waited < PATIENCE => {
                    tokio::time::sleep(PAUSE).await;
                    waited += PAUSE;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Held {
                        path: store.to_owned(),
                        holder: holder_of(&mut file),
                    });
                }
                Err(TryLockError::Error(cause)) => return Err(failed("lock")(cause)),
            }
        }
        write_holder(&mut file).map_err(failed("write the lock file"))?;
        Ok(Self { _file: file })
    }
}

fn write_holder(file: &mut File) -> std::io::Result<()> {
    let since = Clock::System.now();
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "process {} since {since}", std::process::id())
}

fn holder_of(file: &mut File) -> String {
    /// More than any holder writes.
    const HOLDER_BYTES_MAX: u64 = 200;
    let mut text = String::new();
    let read = file.take(HOLDER_BYTES_MAX).read_to_string(&mut text);
    match (read, text.trim()) {
        (Ok(_), holder) if !holder.is_empty() => holder.to_owned(),
        _ => "it has not said which one it is".to_owned(),
    }
}
