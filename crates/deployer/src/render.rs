//! The objects of a release, typed. Pure.
