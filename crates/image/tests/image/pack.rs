//! The golden digests of images and compressors.

use std::collections::BTreeMap;

use skyward_config::Compression;
use skyward_image::pack::{Binary, Spec, pack};

fn spec() -> Spec {
    Spec {
        name: "web".to_owned(),
        entrypoint: vec!["/web".to_owned()],
        user: 65532,
        ports: vec![8000, 9000],
        env: BTreeMap::from([("B".to_owned(), "2".to_owned()), ("A".to_owned(), "1".to_owned())]),
        args: Vec::new(),
        labels: (0..20).map(|n| (format!("label{n}"), "x".to_owned())).collect(),
        compression: Compression::Gzip,
        files: BTreeMap::new(),
        epoch: 0,
    }
}

fn digest(spec: &Spec, platforms: &[&str]) -> String {
    let binaries: Vec<Binary> = platforms
        .iter()
        .map(|platform| Binary::new(platform.parse().unwrap(), b"binary".repeat(1000)))
        .collect();
    pack(spec, &binaries).unwrap().descriptor.digest().to_string()
}

/// The documents' own golden digests: where these change, every image changes.
#[test]
fn the_same_input_makes_the_same_image() {
    assert_eq!(
        digest(&spec(), &["linux/amd64"]),
        "sha256:c61ee914a155bb963434c20b913e21d23837c7896f1d81b6878e0183220e8f19"
    );
    assert_eq!(
        digest(&spec(), &["linux/amd64", "linux/arm64/v8"]),
        "sha256:b2caf31cc31f5fe70bd0fb6abe19aafbe60b9c633a6115b93fc359ce2e088338"
    );
}

#[test]
fn everything_that_is_asked_for_is_in_the_digest() {
    let base = digest(&spec(), &["linux/amd64"]);
    let changes: [fn(&mut Spec); 9] = [
        |spec| spec.name = "other".to_owned(),
        |spec| spec.entrypoint.push("--quiet".to_owned()),
        |spec| spec.user = 10_000,
        |spec| spec.ports = vec![8000],
        |spec| spec.env = BTreeMap::new(),
        |spec| spec.args = vec!["--quiet".to_owned()],
        |spec| spec.labels = BTreeMap::new(),
        |spec| spec.compression = Compression::Zstd,
        |spec| spec.epoch = 1,
    ];
    for change in changes {
        let mut spec = spec();
        change(&mut spec);
        assert_ne!(digest(&spec, &["linux/amd64"]), base, "{spec:?}");
    }
}

/// Text that compresses, and that no compressor finds the same way by accident.
fn binary() -> Vec<u8> {
    (0..200_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> (24 + n % 7)).to_le_bytes()[0])
        .collect()
}

/// These change with the compressors alone, on purpose: every image changes with them.
#[test]
fn the_compressors_are_the_ones_that_the_digests_were_made_with() {
    for (compression, expected) in [
        (
            Compression::Gzip,
            "sha256:be4b7cd21daf2311d5080a980b74a80e1b132067e39e9901f2c6f4751a68eade",
        ),
        (
            Compression::Zstd,
            "sha256:fe458c15cb507d72dbd7b35b9bd703463dcd6b53586d2a83861b651a8b2738ef",
        ),
    ] {
        let spec = Spec { compression, ..spec() };
        let platform = "linux/amd64".parse().unwrap();
        let image = pack(&spec, &[Binary::new(platform, binary())]).unwrap();
        assert_eq!(image.manifests[0].layer.digest().to_string(), expected);
    }
}
