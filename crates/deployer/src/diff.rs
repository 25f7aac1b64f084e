//! What a release would change.
