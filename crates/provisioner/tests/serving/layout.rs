//! The release as it is read from an image in a folder.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use skyward_provisioner::workload::Release;

/// Writes a blob and describes it.
fn blob(folder: &Path, media_type: &str, content: &[u8]) -> Value {
    let digest =
        Sha256::digest(content).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).expect("a folder");
    fs::write(blobs.join(&digest), content).expect("a blob");
    json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": content.len() })
}

/// An image of this entry point and of these layers, in a folder.
fn image(entrypoint: &Value, layers: &[&[u8]]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let config = json!({
        "os": "linux", "architecture": "amd64", "config": { "Entrypoint": entrypoint },
    });
    let of = |kind: &str| format!("application/vnd.oci.image.{kind}");
    let config = blob(folder.path(), &of("config.v1+json"), config.to_string().as_bytes());
    let layer = |bytes: &&[u8]| blob(folder.path(), &of("layer.v1.tar+zstd"), bytes);
    let layers: Vec<Value> = layers.iter().map(layer).collect();
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers });
    let manifest = manifest.to_string();
    let manifest = blob(folder.path(), &of("manifest.v1+json"), manifest.as_bytes());
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    fs::write(folder.path().join("index.json"), index.to_string()).expect("an index");
    folder
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
