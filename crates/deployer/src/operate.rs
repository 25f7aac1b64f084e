//! Day two: the log, the events and the use of what runs; restarting, scaling, and a program in a container.
//!
//! `pods` finds the release's pods, whichever process of the release they run. `logs`, `events` and `usage` look alone;
//! [`restart`] and [`scaled`] change what a deployment would change, under the same lock and followed in the same way.

mod change;
mod events;
mod logs;
mod pods;
mod session;
mod since;
mod usage;

pub use change::{OperateError, restart, scaled};
pub use events::{Happened, events};
pub(crate) use logs::Numbered;
pub use logs::{LogLine, LogOptions, follow, read};
pub use pods::{Selection, Target, targets};
pub use session::{Program, SessionError, run_program};
pub use since::since;
pub use usage::{Usage, usage};
