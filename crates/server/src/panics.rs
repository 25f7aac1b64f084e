//! Panics: one in the application is the end of its request alone, one in the server the end of the process.

use crate::diagnostics;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    /// The application runs on this thread.
    static IN_APPLICATION: Cell<bool> = const { Cell::new(false) };
}

/// A panic of the application's, which the hook has told of.
#[derive(Debug)]
pub(crate) struct Panicked;

/// Runs a part of the application.
///
/// # Errors
/// When it panics. What it worked on is not to be used again.
pub(crate) fn catch<T>(part: impl FnOnce() -> T) -> Result<T, Panicked> {
    let outside = IN_APPLICATION.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(part));
    IN_APPLICATION.set(outside);
    result.map_err(|_| Panicked)
}

/// Lets every panic be one line, for the service `name`.
pub(crate) fn set_hook(name: String) {
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map_or_else(String::new, |location| {
            format!(" at {}:{}", location.file(), location.line())
        });
        let reason = info.payload_as_str().unwrap_or("for an unknown reason");
        // A reason may have several lines.
        let reason = reason.replace(['\n', '\r'], " ");
        let end = if IN_APPLICATION.get() {
            "the request is answered with 500, or its answer cut; this is a mistake in the program"
        } else {
            "this is a mistake in the program"
        };
        diagnostics::on_standard_error(
            &name,
            "ERROR",
            &format!("Panicked{place}: {reason}; {end}"),
        );
    }));
}
