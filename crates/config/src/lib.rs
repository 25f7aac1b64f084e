//! Skyward: config.
