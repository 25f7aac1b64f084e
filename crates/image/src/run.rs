//! Runs an image's entry point from a folder, as the image's configuration says, and asks it whether it serves.

mod check;
mod enter;
mod event;
mod plan;
mod process;
mod scratch;

pub use check::{Endpoints, Limits, checks};
pub use enter::{Entered, enter};
pub use event::{Check, Event};
pub use plan::{Isolation, Overrides, Plan};
pub use process::{Ended, Process};
pub use scratch::Scratch;
