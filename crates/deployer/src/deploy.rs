//! Applies a release and everything around it.
