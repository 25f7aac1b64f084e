//! A simulated AWS account: the same [`skyward_aws::Api`] as a real one, on a virtual clock.
//!
//! [`Account`] is what there is, [`Client`] a process that calls it, [`Faults`] what goes wrong for that process. All times
//! are those of tokio's clock: in a runtime whose time is paused, an apply of twenty minutes takes milliseconds. Everything
//! follows from the seed and the order of the calls. [`assumptions`] and [`rules`] say what is assumed of AWS, and on whose word.
//!
//! The engine (the clock, the stores, the limits, the faults) knows kinds of resources by a trait alone; each kind is one file,
//! with all that is said of it.
//!
//! ```
//! use skyward_aws::{AllocateAddress, send};
//! use skyward_simulator::{Account, Faults};
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
#![expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "an operation takes its call, and answers as every other"
)]

mod account;
mod assumption;
mod client;
mod faults;
mod kind;
mod limits;
mod random;
mod settings;
mod store;
mod world;

pub use account::{Account, assumptions, assumptions_markdown, rules};
pub use assumption::{Assumption, Behaviour, Source};
pub use client::Client;
pub use faults::Faults;
pub use random::Random;
pub use settings::{Settings, Zone};
pub use world::Item;
