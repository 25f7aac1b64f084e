//! All that a person or a script sees of a command.
//!
//! Every binary of the workspace reports through this crate, so that the same thing looks the same everywhere:
//!
//! - [`event`] is the one model of what happens while a command runs. The variants that all commands share are in
//!   [`Event`]; a crate's own stand beside them as `Event<Own>`.
//! - [`render`] turns events into lines on standard error ([`page`]), with a live status on a terminal ([`live`]), or
//!   into JSON lines on standard output. The JSON is versioned and documented in `docs/events.schema.json` ([`schema`]).
//! - [`calls`] is what a client reports its calls to, for `-v`.
//! - [`output`] writes results. A reader that has left ends the program quietly, a full device is an error; nothing here
//!   panics as `println!` does.
//! - [`table`], [`units`], [`style`] and [`text`] are the forms: columns that fit the width, bytes and seconds, colour,
//!   and foreign text made harmless.
//! - [`exit`] is the shell of every `main`: errors in one form, and the exit codes. [`program`] names the commands as they are
//!   typed. [`consent`] asks before something that cannot be taken back. [`args`] has the flags that all binaries share, [`interrupt`] hears Ctrl-C,
//!   and [`browser`] opens addresses. `commands` has
//!   command lines as values, with their examples.
//!
//! The core is light because xtask links it; what only some programs need is behind a cargo feature.

#[cfg(feature = "clap")]
pub mod args;
pub mod browser;
pub mod calls;
#[cfg(feature = "clap")]
pub mod commands;
pub mod consent;
pub mod event;
pub mod exit;
#[cfg(feature = "interrupt")]
pub mod interrupt;
#[cfg(feature = "live")]
pub mod live;
pub mod output;
pub mod page;
pub mod program;
pub mod render;
#[cfg(feature = "schema")]
pub mod schema;
pub mod style;
pub mod table;
pub mod text;
pub mod units;

#[cfg(feature = "clap")]
pub use args::Verbose;
pub use calls::Calls;
pub use event::{Event, Severity, Sink};
pub use exit::Exit;
pub use output::Output;
pub use page::{Clock, Page, Present};
pub use render::Console;
pub use style::{Stream, Tone};
pub use table::Table;
