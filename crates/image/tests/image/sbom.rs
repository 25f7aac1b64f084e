//! The bill of materials of a binary whose parts are known.

use std::collections::BTreeSet;

use serde_json::{Value, from_value, json};
use skyward_image::cargo::{Metadata, Unit};
use skyward_image::digest;
use skyward_image::sbom::{Checksums, Subject, document};

fn metadata() -> Metadata {
    let package = |id: &str, name: &str, license: &str, source: Value| json!({ "id": id, "name": name, "version": "1.0.0+x", "license": license, "source": source, "repository": "https://git.test/x" });
    let registry = || Value::from("registry+https://index.test");
    from_value(json!({
        "packages": [
            package("path+file:///home/me/web#1", "web", "MIT", Value::Null),
            package("a", "a", "MIT/Apache-2.0", registry()),
            package("b", "b", "ISC", Value::from("git+https://git.test/b?tag=v1#abc")),
            package("build-only", "build-only", "MIT", registry()),
        ],
        "workspace_members": ["path+file:///home/me/web#1"],
        "workspace_root": "/home/me",
        "resolve": { "nodes": [
            { "id": "path+file:///home/me/web#1", "dependencies": ["a", "build-only"] },
            { "id": "a", "dependencies": ["b"] },
            { "id": "b", "dependencies": [] },
            { "id": "build-only", "dependencies": [] },
        ] },
    }))
    .unwrap()
}

fn bill() -> Value {
    let unit = |package: &str, features: &[&str]| Unit {
        package: package.to_owned(),
        features: features.iter().map(|feature| (*feature).to_owned()).collect(),
    };
    let units = BTreeSet::from([
        unit("path+file:///home/me/web#1", &[]),
        unit("b", &["std", "alloc"]),
        unit("a", &[]),
    ]);
    let lock = tempfile::tempdir().unwrap();
    let text = "[[package]]\nname = \"a\"\nversion = \"1.0.0+x\"\nsource = \"registry+https://index.test\"\nchecksum = \"00ff\"\n";
    std::fs::write(lock.path().join("Cargo.lock"), text).unwrap();
    let checksums = Checksums::read(lock.path()).unwrap();
    let digest = digest::of(b"binary");
    let subject = Subject {
        package: "path+file:///home/me/web#1",
        name: "web",
        triple: "T",
        digest: &digest,
        further: &[],
    };
    serde_json::from_slice(&document(&subject, &units, &metadata(), &checksums).unwrap()).unwrap()
}

#[test]
fn it_lists_what_is_in_the_binary_and_nothing_else() {
    let bill = bill();
    let names: Vec<&str> = bill["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["a", "b"]);
    let (a, b) = (&bill["components"][0], &bill["components"][1]);
    assert_eq!(a["licenses"][0]["expression"], "MIT OR Apache-2.0");
    assert_eq!(a["hashes"][0]["content"], "00ff");
    assert_eq!(a["purl"], "pkg:cargo/a@1.0.0%2Bx");
    assert_eq!(b["purl"], "pkg:cargo/b@1.0.0%2Bx?vcs_url=git%2Bhttps://git.test/b%3Ftag=v1%23abc");
    assert_eq!(b["properties"][0], json!({ "name": "cargo:features", "value": "alloc,std" }));
    assert_eq!(
        bill["dependencies"],
        json!([
            { "ref": a["purl"], "dependsOn": [b["purl"]] },
            { "ref": b["purl"], "dependsOn": [] },
            { "ref": "pkg:cargo/web@1.0.0%2Bx", "dependsOn": [a["purl"]] },
        ])
    );
}

#[test]
fn it_is_the_same_each_time_and_says_nothing_of_the_machine() {
    let (one, other) = (bill(), bill());
    assert_eq!(one, other);
    assert!(!one.to_string().contains("/home/me"));
    let serial = one["serialNumber"].as_str().unwrap();
    assert!(
        serial.starts_with("urn:uuid:") && serial.len() == 45 && serial.as_bytes()[23] == b'8',
        "{serial}"
    );
}
