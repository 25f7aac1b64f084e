//! Writes a constant for the program.

use std::{env, fs, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let folder = env::var_os("OUT_DIR").expect("cargo sets it");
    let text = "const GREETING: &str = \"Hello, World!\";\n";
    fs::write(Path::new(&folder).join("greeting.rs"), text).expect("the folder is cargo's own");
}
