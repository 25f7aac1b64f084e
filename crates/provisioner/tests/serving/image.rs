//! Images in a folder, as `cargo xtask image build` writes them (image-spec, image-layout.md).

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Writes a blob and describes it.
fn blob(folder: &Path, media_type: &str, content: &[u8]) -> Value {
    let digest =
        Sha256::digest(content).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).expect("a folder");
    fs::write(blobs.join(&digest), content).expect("a blob");
    json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": content.len() })
}

/// Writes an image of this entry point and of these layers.
pub(crate) fn write(folder: &Path, entrypoint: &Value, layers: &[&[u8]]) {
    let config = json!({
        "os": "linux", "architecture": "amd64", "config": { "Entrypoint": entrypoint },
    });
    let of = |kind: &str| format!("application/vnd.oci.image.{kind}");
    let config = blob(folder, &of("config.v1+json"), config.to_string().as_bytes());
    let layer = |bytes: &&[u8]| blob(folder, &of("layer.v1.tar+zstd"), bytes);
    let layers: Vec<Value> = layers.iter().map(layer).collect();
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers });
    let manifest = manifest.to_string();
    let manifest = blob(folder, &of("manifest.v1+json"), manifest.as_bytes());
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    fs::write(folder.join("index.json"), index.to_string()).expect("an index");
}
