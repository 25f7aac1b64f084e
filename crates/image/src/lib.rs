//! Builds, inspects, pushes, loads and runs OCI images. Never needs a daemon.
//!
//! Below its command line ([`cli`]) it prints nothing, catches no signal and changes no variable of its process: the program `skyward-image` and
//! the deployer are two callers of the same functions. All of them block; [`Monitor`] hands out their events and ends
//! them.
//!
//! | step | function | result |
//! |---|---|---|
//! | compile and pack | [`build::build`] | [`build::Built`]: the archive, the layout, the digest |
//! | names | [`settings::references`], [`settings::archive`] | of the configuration |
//! | send to registries | [`registry::Push::run`] | [`registry::Pushed`] |
//! | pin a tag | [`registry::resolve`] | a [`registry::Reference`] by digest |
//! | hand to engines | [`load::load_into`] | [`load::Loaded`], one for each engine |
//!
//! ```no_run
//! use skyward_image::registry::{Push, Settings};
//! use skyward_image::store::Store;
//! use skyward_image::{Monitor, build, settings};
//!
//! # fn deploy(loaded: &skyward_config::Loaded) -> anyhow::Result<()> {
//! let monitor = Monitor::new(|event| println!("{}", skyward_terminal::render::json(event)));
//! // Kept beside the wait for the result: dropping it ends cargo and its compilers.
//! let guard = monitor.cancel_on_drop();
//! let options = build::Options { forward_cargo: true, ..build::Options::default() };
//! let built = build::build(loaded, &options, &monitor)?;
//! let image = Store::open(&built.written.archive)?;
//! let references = settings::references(&loaded.config)?;
//! let pushed = Push::new(&image, references, Settings { monitor, ..Settings::default() }).run()?;
//! println!("{}", pushed.references[0]);
//! # drop(guard);
//! # Ok(())
//! # }
//! ```

pub mod build;
pub mod cargo;
pub mod cli;
mod command;
pub mod digest;
pub mod dive;
pub mod elf;
pub mod event;
mod files;
pub mod layer;
pub mod load;
pub mod pack;
pub mod permissions;
pub mod platform;
mod process;
pub mod registry;
pub mod resolve;
pub mod run;
pub mod sbom;
pub mod settings;
pub mod source;
pub mod store;
mod system_files;
pub mod time;
pub mod unpack;
pub mod write;

pub use event::{Cancelled, Event, ImageEvent, Monitor};
