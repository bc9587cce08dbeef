//! Leaving the store in order.

use async_trait::async_trait;

/// A store that can be left in order.
#[async_trait]
pub trait CloseStore: Send + Sync {
    /// Waits for what is under way and closes every connection, so that a SQLite store is one whole
    /// file again. A process that dies without it loses nothing: the next one reads the log.
    async fn close(&self);
}
