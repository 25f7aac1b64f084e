//! Archives and layouts that are damaged or lie.

use std::fs;
use std::path::Path;

use skyward_image::dive;
use skyward_image::layer::Limits;
use skyward_image::resolve::resolve;
use skyward_image::store::Store;

use crate::fixture::{Image, Layer, Packing};

fn image() -> Image {
    // Xorshift: what compresses well would leave little to damage.
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    })
    .take(20_000)
    .collect();
    Image::new(vec![Layer::new().bytes("a", &noise), Layer::new().file("b", 10)], Packing::Gzip)
}

fn read(path: &Path) -> Result<usize, String> {
    let all = || {
        let store = Store::open(path)?;
        let image = resolve(&store, None)?;
        Ok(dive::read(&store, &image, Limits::default())?.layers.len())
    };
    all().map_err(|error: anyhow::Error| format!("{error:#}"))
}

#[test]
fn what_is_whole_is_read() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read(&image().archive(folder.path(), "a.tar")), Ok(2));
    assert_eq!(read(&image().layout(&folder.path().join("layout"))), Ok(2));
}

#[test]
fn damage_is_an_error_that_names_the_blob() {
    let folder = tempfile::tempdir().unwrap();
    let blob = image().largest();
    let digest = blob.rsplit('/').next().unwrap().to_owned();
    let damages: Vec<(&str, Image, &str)> = vec![
        (
            "a flipped bit in the data",
            image().change(&blob, |bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            }),
            &digest,
        ),
        ("a blob too short", image().change(&blob, |bytes| bytes.truncate(100)), &digest),
        ("a blob too long", image().change(&blob, |bytes| bytes.extend([0; 1000])), &digest),
        ("an absent blob", image().without(&blob), &digest),
        (
            "an index that is no JSON",
            image().change("index.json", |bytes| *bytes = b"[1,".to_vec()),
            "index.json",
        ),
        (
            "an index of 5 MB",
            image().change("index.json", |bytes| bytes.resize(5 << 20, b' ')),
            "index.json",
        ),
        (
            "an empty index",
            image().change("index.json", |bytes| {
                *bytes = br#"{"schemaVersion":2,"manifests":[]}"#.to_vec();
            }),
            "none at all",
        ),
    ];
    for (what, image, why) in damages {
        let archive = read(&image.archive(folder.path(), "a.tar")).expect_err(what);
        assert!(archive.contains(why), "{what}: {archive}");
        let place = tempfile::tempdir().unwrap();
        let layout = read(&image.layout(place.path())).expect_err(what);
        assert!(layout.contains(why), "{what}: {layout}");
    }
}

/// Cut anywhere, an archive is an error; or whole, where nothing is missing that is needed to read it.
#[test]
fn an_archive_cut_short_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = image().archive(folder.path(), "a.tar");
    let bytes = fs::read(&path).unwrap();
    // What follows index.json is Docker's, and the file that says which version of OCI it is.
    let header = bytes.windows(11).rposition(|name| name == b"index.json\0").unwrap();
    let index = image().files.iter().find(|(name, _)| name == "index.json").unwrap().1.len();
    let needed = header + 512 + index;
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    assert!(needed > 20_000 && needed < end);
    for cut in (0..end).step_by(97) {
        fs::write(&path, &bytes[..cut]).unwrap();
        let read = read(&path);
        assert!(read.is_err() || read == Ok(2) && cut >= needed, "cut at {cut} of {end}: {read:?}");
    }
}

#[test]
fn what_is_no_image_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let plain = fs::read(image().archive(folder.path(), "a.tar")).unwrap();
    let compressed = crate::fixture::compress(&plain, Packing::Gzip);
    let nothing =
        image().without("index.json").without("manifest.json").archive(folder.path(), "b.tar");
    for (path, why) in [
        (put("empty", b""), "fewer than 4 bytes"),
        (put("text", &[b'x'; 2000]), "cannot read image archive"),
        (put("image.tar.gz", &compressed), "gunzip"),
        (nothing, "neither index.json (OCI) nor manifest.json (Docker)"),
        (folder.path().to_owned(), "is not an OCI layout"),
        (folder.path().join("absent"), "No such file"),
        ("/dev/null".into(), "neither a file nor a folder"),
    ] {
        let error = read(&path).unwrap_err();
        assert!(error.contains(why), "{}: {error}", path.display());
    }
}

#[test]
fn a_layer_that_is_not_the_configurations_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    // Docker's own archives have no digest but the configuration's to hold a layer against.
    let docker = image().without("index.json").without("oci-layout");
    let blob = docker.largest();
    let other = crate::fixture::compress(&Layer::new().file("evil", 5).tar(), Packing::Gzip);
    let error = read(&docker.change(&blob, |bytes| *bytes = other).archive(folder.path(), "a.tar"))
        .unwrap_err();
    assert!(error.contains("is not the one that the configuration names"), "{error}");
}

#[test]
fn what_is_no_archive_is_one_line_that_quotes_none_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tar");
    for start in [&b"root:*:20228:0:99999:7:::\n"[..], b"\x1b[2J\xff\n\0secret"] {
        fs::write(&path, start.repeat(100)).unwrap();
        let error = read(&path).unwrap_err();
        assert!(error.contains("it is not a tar archive"), "{error}");
        assert!(!error.contains(char::is_control) && !error.contains("20228"), "{error:?}");
    }
    let whole = fs::read(image().archive(folder.path(), "whole.tar")).unwrap();
    fs::write(&path, &whole[..300]).unwrap();
    assert!(read(&path).unwrap_err().contains("cut short within its first entry"));
}
