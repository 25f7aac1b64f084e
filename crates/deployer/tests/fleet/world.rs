//! Machines whose operator runs the deployer.

use std::path::Path;

pub use skyward_testkit::machines::*;

/// So many machines.
pub fn world(count: usize) -> World {
    World::new(Path::new(env!("CARGO_BIN_EXE_skyward-deployer")), count)
}
