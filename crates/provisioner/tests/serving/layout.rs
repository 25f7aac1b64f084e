//! The release as it is read from an image in a folder.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use skyward_provisioner::workload::Release;

use crate::image::write;

/// An image of this entry point and of these layers, in a folder.
fn image(entrypoint: &Value, layers: &[&[u8]]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), entrypoint, layers);
    folder
}

/// `cargo xtask image build` writes the image below `image.output`, under the service's name (`write` of the image's crate).
#[test]
fn the_release_is_that_of_the_image_that_was_built() {
    let root = tempfile::tempdir().expect("a folder");
    let settings =
        "[service]\nname = \"web\"\n\n[image]\noutput = \"out\"\n\n[aws]\nrun = \"service\"\n";
    fs::write(root.path().join("skyward.toml"), settings).expect("a file");
    let plan = || {
        let program = env!("CARGO_BIN_EXE_skyward-provisioner");
        let mut command = Command::new(program);
        let done = command.args(["plan", "--simulate"]).current_dir(root.path()).output();
        let done = done.expect("the program starts");
        let text = [done.stdout, done.stderr].concat();
        (done.status.success(), String::from_utf8_lossy(&text).into_owned())
    };
    let (is_good, said) = plan();
    assert!(!is_good && said.contains("Next step: cargo xtask image build"), "{said}");

    let layout = root.path().join("out/web");
    write(&layout, &json!(["/web"]), &[b"layer"]);
    let (is_good, said) = plan();
    assert!(is_good && said.contains("release of the service"), "{said}");
}

#[test]
fn a_release_is_the_layer_and_the_whole_entry_point() {
    let folder = image(&json!(["/bin/run", "--mode", "web"]), &[b"layer"]);
    let release = Release::read(folder.path(), "linux/amd64").expect("an image");
    assert_eq!(release.command, ["/bin/run", "--mode", "web"]);
    assert_eq!(release.content.bytes(), b"layer");
    assert!(release.is_zstd);
}

#[test]
fn an_image_that_no_instance_would_start_is_refused() {
    for (entrypoint, layers, platform, reason) in [
        (json!(["/run"]), &[&b"1"[..], b"2"][..], "linux/amd64", "has not one layer"),
        (json!(["/run"]), &[&b"1"[..]][..], "linux/arm64", "is not for linux/arm64"),
        (json!(["run"]), &[&b"1"[..]][..], "linux/amd64", "a program by its path"),
        (Value::Null, &[&b"1"[..]][..], "linux/amd64", "a program by its path"),
    ] {
        let folder = image(&entrypoint, layers);
        let error = Release::read(folder.path(), platform).expect_err(reason);
        assert!(format!("{error:#}").contains(reason), "{error:#}");
        assert!(format!("{error:#}").contains("Next step: "), "{error:#}");
    }
}
