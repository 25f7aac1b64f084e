//! Everything about images: one program, so that it is linked once.

mod binaries;
mod build;
mod cross;
mod dockerfile;
mod engines;
mod events;
mod files;
mod fixture;
mod inspect;
mod load;
mod pack;
mod pins;
mod properties;
mod registry;
mod rules;
mod run;
mod sbom;
mod sparse;
mod store;
mod support;
mod system_files;
mod terminal;
mod unpack;
mod values;
