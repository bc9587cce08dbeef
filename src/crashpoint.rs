//! Crash points: named instants at which a test can end the process as a power cut would. Built
//! only with the feature `crashpoints`; without it they are nothing.

/// Ends the process here when `CROSSFOOT_CRASHPOINT` holds this name. Nothing without the feature
/// `crashpoints`.
#[cfg(feature = "crashpoints")]
macro_rules! crashpoint {
    ($name:literal) => {
        $crate::crashpoint::reach($name)
    };
}

/// Ends the process here when `CROSSFOOT_CRASHPOINT` holds this name. Nothing without the feature
/// `crashpoints`.
#[cfg(not(feature = "crashpoints"))]
macro_rules! crashpoint {
    ($name:literal) => {};
}

pub(crate) use crashpoint;

/// Aborts, with no destructor and no flush, when the environment names this point.
#[cfg(feature = "crashpoints")]
pub(crate) fn reach(name: &str) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a build for crash tests takes the point from outside"
    )]
    let wanted = std::env::var("CROSSFOOT_CRASHPOINT");
    if wanted.is_ok_and(|wanted| wanted == name) {
        std::process::abort();
    }
}
