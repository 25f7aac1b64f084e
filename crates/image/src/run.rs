//! Runs an image's entry point from a folder, as the image's configuration says, and asks it whether it serves.

mod check;
mod plan;
mod process;
mod scratch;

pub use check::{Endpoints, Limits, checks};
pub use plan::{Isolation, Overrides, Plan};
pub use process::{Ended, Entered, Process, enter};
pub use scratch::Scratch;
