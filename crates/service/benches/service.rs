//! The service's numbers, and those of its peers.

fn main() {}
