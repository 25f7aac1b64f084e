//! Everything about images: one program, so that it is linked once.

mod build;
mod dockerfile;
mod engines;
mod events;
mod files;
mod fixture;
mod inspect;
mod load;
mod pack;
mod properties;
mod registry;
mod rules;
mod run;
mod sbom;
mod store;
mod support;
mod terminal;
mod unpack;
mod values;
