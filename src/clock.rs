//! Where the time comes from: the system, or an instant that a replay, a test or a demo sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// The only source of wall-clock time. Cheap to clone; clones of a set clock move together.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's own clock.
    System,
    /// An instant in microseconds since the epoch that stands until it is set again.
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `instant`.
    pub fn set_at(instant: Timestamp) -> Self {
        Self::Set(Arc::new(AtomicI64::new(instant.as_microsecond())))
    }

    /// The present instant, to the microsecond.
    pub fn now(&self) -> Timestamp {
        let microseconds = match self {
            #[expect(
                clippy::disallowed_methods,
                reason = "this is the one home of the clock"
            )]
            Self::System => Timestamp::now().as_microsecond(),
            Self::Set(instant) => instant.load(Ordering::SeqCst),
        };
        Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Moves a set clock; has no effect on the system's.
    pub fn advance_to(&self, instant: Timestamp) {
        if let Self::Set(cell) = self {
            cell.store(instant.as_microsecond(), Ordering::SeqCst);
        }
    }

    /// Whether the time was set from outside rather than read from the machine.
    pub fn is_set(&self) -> bool {
        matches!(self, Self::Set(_))
    }
}
