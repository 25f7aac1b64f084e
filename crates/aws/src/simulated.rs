//! A simulated AWS account: the same [`Api`](crate::Api) as a real one, on a virtual clock.
//!
//! [`Account`] is what there is, [`Client`] a process that calls it, [`Faults`] what goes wrong for that process. All times
//! are those of tokio's clock: in a runtime whose time is paused, an apply of twenty minutes takes milliseconds. Everything
//! follows from the seed and the order of the calls. [`assumptions`] and [`rules`] say what is assumed of AWS, and on whose word.
//!
//! The engine (the clock, the stores, the limits, the faults) knows kinds of resources by a trait alone; all that is said of a kind is
//! in its file `kind/…/simulated.rs`.
//!
//! ```
//! use skyward_aws::{AllocateAddress, send};
//! use skyward_aws::simulated::{Account, Faults};
//!
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
//! runtime.block_on(async {
//!     let account = Account::new(42);
//!     let faults = Faults { drop_answer: [1].into(), ..Faults::default() };
//!     let client = account.client().with_faults(faults);
//!     let answer = send(&client, AllocateAddress { tags: Default::default() }).await;
//!     assert!(answer.is_err(), "its answer is lost");
//!     assert_eq!(account.inventory().len(), 1, "but there is an address");
//! });
//! ```

mod account;
mod client;
mod faults;
mod limits;

pub use account::{Account, assumptions, assumptions_markdown, rules};
pub use client::Client;
pub use faults::Faults;

pub use crate::world::Item;
pub use crate::world::assumption::{Assumption, Behaviour, Source};
pub use crate::world::settings::{Settings, Zone};
