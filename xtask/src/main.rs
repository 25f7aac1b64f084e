//! The command list.

fn main() {}
