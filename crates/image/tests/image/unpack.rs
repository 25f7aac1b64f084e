//! Unpacking, of images that mean well and of those that do not.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use anyhow::Result;
use skyward_image::layer::Limits;
use skyward_image::resolve::resolve;
use skyward_image::store::Store;
use skyward_image::unpack::{Unpacked, unpack};
use tar::EntryType;

use crate::fixture::{Image, Layer, Packing, skyward_image};

fn unpack_with(image: &Image, folder: &Path, limits: Limits) -> Result<Unpacked> {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(&image.archive(place.path(), "image.tar"))?;
    unpack(&store, &resolve(&store, None)?, folder, limits)
}

fn unpack_layers(layers: Vec<Layer>, folder: &Path) -> Result<Unpacked> {
    unpack_with(&Image::new(layers, Packing::Gzip), folder, Limits::default())
}

/// All paths below `folder`, sorted.
fn tree(folder: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(next) = pending.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            paths.push(entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            if entry.file_type().unwrap().is_dir() {
                pending.push(entry.path());
            }
        }
    }
    paths.sort();
    paths
}

#[test]
fn layers_lie_over_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let layers = vec![
        Layer::new()
            .dir("a")
            .bytes("a/kept", b"1")
            .bytes("a/gone", b"2")
            .bytes("b/x/y", b"3")
            .bytes("c/old", b"4")
            .bytes("file", b"5"),
        Layer::new()
            .remove("a/gone")
            .remove("b")
            // The layer's own file is not hidden by its own opaque whiteout, wherever that stands.
            .bytes("c/new", b"6")
            .opaque("c")
            .dir("file")
            .bytes("file/inside", b"7")
            .symlink("link", "a/kept")
            .hardlink("hard", "a/kept")
            .remove("never/there"),
    ];
    let unpacked = unpack_layers(layers, folder.path()).unwrap();
    assert_eq!(
        tree(folder.path()),
        ["a", "a/kept", "c", "c/new", "file", "file/inside", "hard", "link"]
    );
    assert_eq!(fs::read(folder.path().join("link")).unwrap(), b"1");
    let inode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().ino();
    assert_eq!(inode("hard"), inode("a/kept"));
    assert_eq!(unpacked.bytes, 7);
}

#[test]
fn modes_are_kept_without_setuid_and_devices_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let layer = Layer::new()
        .entry("tool", EntryType::Regular, 0o6755, b"#!", "")
        .entry("readable/", EntryType::Directory, 0o055, b"", "")
        .entry("null", EntryType::Char, 0o666, b"", "")
        .bytes("readable/x", b"x");
    let unpacked = unpack_layers(vec![layer], folder.path()).unwrap();
    let mode =
        |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("tool"), mode("readable"), unpacked.skipped), (0o755, 0o755, 1));
    assert!(!folder.path().join("null").exists());
}

/// Layers that try to leave the folder, and the error or the files that come of it.
#[test]
fn nothing_leaves_the_folder() {
    let parent = tempfile::tempdir().unwrap();
    fs::write(parent.path().join("outside"), "safe").unwrap();
    let outside = parent.path().join("outside").to_str().unwrap().to_owned();
    let beside = parent.path().to_str().unwrap().to_owned();
    let refused: Vec<(Vec<Layer>, &str)> = vec![
        (vec![Layer::new().bytes("../outside", b"bad")], "leads out of the image"),
        (vec![Layer::new().bytes("a/../../outside", b"bad")], "leads out of the image"),
        (
            vec![Layer::new().file("x", 1), Layer::new().remove("../outside")],
            "leads out of the image",
        ),
        (vec![Layer::new().hardlink("x", "../outside")], "leads out of the image"),
        (vec![Layer::new().hardlink("x", &outside)], "not there"),
        (vec![Layer::new().symlink("s", &outside).hardlink("x", "s")], "not a regular file"),
        (
            vec![Layer::new().symlink("a", "b").symlink("b", "a").bytes("a/x", b"bad")],
            "too many symbolic links",
        ),
        (vec![Layer::new().file("x", 1), Layer::new().file(".wh...", 0)], "not the name of a file"),
    ];
    for (layers, why) in refused {
        let folder = tempfile::tempdir_in(parent.path()).unwrap();
        let error = format!("{:#}", unpack_layers(layers, folder.path()).unwrap_err());
        assert!(error.contains(why), "expected {why}: {error}");
        assert_eq!(fs::read_to_string(parent.path().join("outside")).unwrap(), "safe");
    }
    let harmless = vec![
        // Absolute paths and links are taken from the image's root.
        vec![Layer::new().bytes("/outside", b"inside")],
        vec![Layer::new().symlink("up", "../..").bytes("up/outside", b"inside")],
        vec![Layer::new().symlink("up", &beside).bytes("up/outside", b"inside")],
        // Written over, not through.
        vec![Layer::new().symlink("x", &outside), Layer::new().bytes("x", b"inside")],
        // Removed itself, not what it links to.
        vec![Layer::new().symlink("x", &outside), Layer::new().remove("x")],
        vec![Layer::new().symlink("up", &beside), Layer::new().remove("up/outside")],
        vec![Layer::new().symlink("up", &beside), Layer::new().opaque("up")],
    ];
    for layers in harmless {
        let folder = tempfile::tempdir_in(parent.path()).unwrap();
        unpack_layers(layers, folder.path()).unwrap();
        assert_eq!(fs::read_to_string(parent.path().join("outside")).unwrap(), "safe");
    }
}

#[test]
fn bombs_are_defused() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { bytes: 1 << 20, entries: 100 };
    for packing in [Packing::Gzip, Packing::Zstd] {
        let bomb = Image::new(vec![Layer::new().bytes("zeros", &vec![0; 8 << 20])], packing);
        let error = format!("{:#}", unpack_with(&bomb, folder.path(), limits).unwrap_err());
        assert!(error.contains("more than 1048576 bytes uncompressed"), "{error}");
    }
    let many = (0..101).fold(Layer::new(), |layer, n| layer.file(&format!("f{n}"), 0));
    let error = format!(
        "{:#}",
        unpack_with(&Image::new(vec![many], Packing::Gzip), folder.path(), limits).unwrap_err()
    );
    assert!(error.contains("more than 100 entries"), "{error}");
    // An extended header is read into memory: the tar crate would read gigabytes.
    for kind in [EntryType::GNULongName, EntryType::XHeader] {
        let long = Layer::new().entry("long", kind, 0o644, &vec![b'a'; 2 << 20], "");
        let error = format!("{:#}", unpack_layers(vec![long], folder.path()).unwrap_err());
        assert!(error.contains("extended header of 2097152 bytes"), "{error}");
    }
}

#[test]
fn long_names_come_through_and_too_long_ones_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("{}/{}", "d".repeat(200), "f".repeat(200));
    let record = format!("path={name}-pax\n");
    let length = record.len() + 4;
    let layer = Layer::new()
        .entry("././@LongLink", EntryType::GNULongName, 0o644, format!("{name}\0").as_bytes(), "")
        .bytes("short", b"gnu")
        .entry("pax", EntryType::XHeader, 0o644, format!("{length} {record}").as_bytes(), "")
        .bytes("short", b"pax");
    unpack_layers(vec![layer], folder.path()).unwrap();
    assert_eq!(fs::read(folder.path().join(&name)).unwrap(), b"gnu");
    assert_eq!(fs::read(folder.path().join(format!("{name}-pax"))).unwrap(), b"pax");
    let layer = Layer::new()
        .entry("l", EntryType::GNULongName, 0o644, &vec![b'a'; 5000], "")
        .bytes("short", b"x");
    let error = format!("{:#}", unpack_layers(vec![layer], folder.path()).unwrap_err());
    assert!(error.contains("a path of more than 4096 bytes"), "{error}");
}

#[test]
fn the_command_takes_folders_that_are_empty_or_its_own() {
    let parent = tempfile::tempdir().unwrap();
    let image = Image::new(vec![Layer::new().bytes("a", b"1")], Packing::Gzip)
        .archive(parent.path(), "image.tar");
    let other = Image::new(vec![Layer::new().bytes("b", b"1")], Packing::Gzip)
        .archive(parent.path(), "other.tar");
    let run = |image: &Path, folder: &Path| {
        skyward_image().arg("unpack").arg(image).arg(folder).output().unwrap()
    };
    let folder = parent.path().join("new");
    let output = run(&image, &folder);
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), folder.to_str().unwrap());
    assert!(run(&other, &folder).status.success());
    assert_eq!(tree(&folder), [".unpacked-by-skyward", "b"]);

    fs::remove_file(folder.join(".unpacked-by-skyward")).unwrap();
    let refused = run(&image, &folder);
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(error.contains("did not unpack") && refused.status.code() == Some(1), "{error}");
    assert_eq!(tree(&folder), ["b"]);
    // A link to a folder of others is such a folder.
    symlink(&folder, parent.path().join("link")).unwrap();
    assert!(!run(&image, &parent.path().join("link")).status.success());
}

#[test]
fn a_global_header_is_passed_over_and_another_compression_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let comment = b"52 comment=0123456789abcdef0123456789abcdef01234567\n";
    let layer = Layer::new()
        .entry("pax_global_header", EntryType::XGlobalHeader, 0o644, comment, "")
        .bytes("a", b"1");
    unpack_layers(vec![layer], folder.path()).unwrap();
    assert_eq!(tree(folder.path()), ["a"]);
    for (name, start) in [("xz", &b"\xfd7zXZ\0"[..]), ("bzip2", b"BZh91AY")] {
        let image = Image::new(vec![Layer::new().file("a", 5000)], Packing::Plain);
        let blob = image.largest();
        let image = image.without("index.json").without("oci-layout");
        let image = image.change(&blob, |bytes| bytes[..start.len()].copy_from_slice(start));
        let error = unpack_with(&image, folder.path(), Limits::default()).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(&format!("compressed with {name}; gzip, zstd")), "{error}");
    }
}
