//! Skyward: service.
