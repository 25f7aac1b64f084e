//! Whom we are measured beside.

use anyhow::Result;

use skyward_testkit::bench::measure::Run;

/// A program that has made a stack of its own, and can look whether there is something to do.
pub(crate) trait Contender {
    /// Looks, and finds nothing.
    fn check(&self) -> Result<Run>;

    /// Its version, and what its stack consists of.
    fn said(&self) -> String;
}
