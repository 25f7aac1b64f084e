//! Addresses that are opened in a browser.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// The program that opens an address with what its user has chosen for it.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Opens `address`, and does not wait for the browser.
///
/// # Errors
/// The program that opens addresses cannot be started; it is named.
pub fn open(address: &str) -> Result<()> {
    Command::new(OPENER)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(drop)
        .with_context(|| format!("opening a browser with {OPENER}"))
}
