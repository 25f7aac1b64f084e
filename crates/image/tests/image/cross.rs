//! An image for another machine than this one, by a cross compiler that is installed.

use std::fs;

use object::elf::EM_AARCH64;
use object::endian::Endianness;
use object::read::elf::{ElfFile64, FileHeader};
use serde_json::Value;
use skyward_image::platform::Platform;
use skyward_image::resolve::resolve;
use skyward_image::store::Store;

use crate::fixture::{service, skyward_image};

/// Compiles C by the compiler that is named for the target, as the crate `cc` does.
const BUILD: &str = r#"
use std::process::Command;

fn main() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let (target, out) = (variable("TARGET"), variable("OUT_DIR"));
    let compiler = std::env::var(format!("CC_{}", target.replace('-', "_"))).unwrap_or_else(|_| "cc".to_owned());
    let object = format!("{out}/add.o");
    assert!(Command::new(compiler).args(["-O2", "-c", "src/add.c", "-o", &object]).status().unwrap().success());
    assert!(Command::new("ar").args(["crs", &format!("{out}/libadd.a"), &object]).status().unwrap().success());
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=static=add");
}
"#;

const C: &str =
    "#include <string.h>\nint add(int a, const char *b) { return a + (int)strlen(b); }\n";

const MAIN: &str = r#"
unsafe extern "C" {
    fn add(a: i32, b: *const std::ffi::c_char) -> i32;
}

fn main() {
    println!("{}", unsafe { add(40, c"ab".as_ptr()) });
}
"#;

/// The target's standard library comes by rustup, which is no program that a test can name: `.ci/run` adds it.
#[test]
#[ignore = "needs aarch64-linux-gnu-gcc"]
fn a_crate_with_c_is_built_for_arm64() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    service::write(root);
    for (file, text) in [("build.rs", BUILD), ("src/add.c", C), ("src/main.rs", MAIN)] {
        fs::write(root.join(file), text).unwrap();
    }
    let mut build = skyward_image();
    build.current_dir(root).args(["build", "--output", "json"]);
    let output = build.args(["--set", "image.platforms=linux/arm64"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let bytes = fs::read(report["platforms"][0]["binary"].as_str().unwrap()).unwrap();
    let binary = ElfFile64::<Endianness>::parse(bytes.as_slice()).unwrap();
    assert_eq!(binary.elf_header().e_machine(binary.endian()), EM_AARCH64);
    let store = Store::open(&root.join("target/oci/web.tar")).unwrap();
    let image = resolve(&store, Some(&"linux/arm64".parse().unwrap())).unwrap();
    assert_eq!(Platform::of(&image.config).to_string(), "linux/arm64");
}
