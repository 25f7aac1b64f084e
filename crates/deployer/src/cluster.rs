//! The API server: connecting, bounded calls, errors that say what to do.
