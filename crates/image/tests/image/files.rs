//! `image.files`: what is in the image beside the binary.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Output;

use skyward_image::layer::{Kind, Limits, visit};
use skyward_image::resolve::resolve;
use skyward_image::store::Store;

use crate::fixture::service;

/// Packs a binary that is there, with these files beside it.
fn build(folder: &Path, files: &str) -> Output {
    service::pack(folder, &[&format!("image.files={{ {files} }}")])
}

#[track_caller]
fn digest(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Name, kind, mode and length of each entry.
fn entries(folder: &Path) -> Vec<(String, Kind, u32, u64)> {
    let store = Store::open(&folder.join("target/oci/web.tar")).unwrap();
    let image = resolve(&store, None).unwrap();
    let (descriptor, diff_id) = image.layers().unwrap()[0];
    let mut entries = Vec::new();
    visit(&store, descriptor, diff_id, Limits::default(), |entry, contents| {
        let length = std::io::copy(contents, &mut std::io::sink())?;
        let name = String::from_utf8(entry.path.clone()).unwrap();
        entries.push((name.trim_end_matches('/').to_owned(), entry.kind, entry.mode, length));
        Ok(())
    })
    .unwrap();
    entries
}

#[test]
fn files_and_folders_are_in_the_image_for_all_to_read() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    service::write(root);
    let long = format!("{}.html", "ä".repeat(100));
    fs::create_dir_all(root.join("static/pages")).unwrap();
    for (name, text) in [("b.css", "b"), ("a.css", "aa"), (&format!("pages/{long}"), "long")] {
        fs::write(root.join("static").join(name), text).unwrap();
    }
    fs::write(root.join("hook.sh"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(root.join("hook.sh"), fs::Permissions::from_mode(0o700)).unwrap();
    symlink("../hook.sh", root.join("static/link")).unwrap();
    // One by its absolute path, as the machine's certificates are named.
    let files =
        format!("\"static\" = \"/srv/static\", \"{}/hook.sh\" = \"/opt/hook\"", root.display());
    let first = digest(&build(root, &files));
    let file = |name: &str, mode, length| (name.to_owned(), Kind::File, mode, length);
    let above = |name: &str| (name.to_owned(), Kind::Directory, 0o755, 0);
    assert_eq!(
        entries(root),
        [
            file("web", 0o555, 64),
            above("opt"),
            above("srv"),
            above("srv/static"),
            above("srv/static/pages"),
            file("opt/hook", 0o555, 10),
            file("srv/static/a.css", 0o444, 2),
            file("srv/static/b.css", 0o444, 1),
            file("srv/static/link", 0o555, 10),
            file(&format!("srv/static/pages/{long}"), 0o444, 4),
        ]
    );
    // The times and modes that a checkout gives are not in it; what may be executed is.
    fs::set_permissions(root.join("static/a.css"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(root.join("static/b.css"), "b").unwrap();
    assert_eq!(digest(&build(root, &files)), first);
    fs::write(root.join("static/b.css"), "c").unwrap();
    assert_ne!(digest(&build(root, &files)), first);
}

#[test]
fn what_cannot_be_in_the_image_is_said_before_anything_is_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    service::write(root);
    fs::create_dir_all(root.join("loop")).unwrap();
    symlink(".", root.join("loop/again")).unwrap();
    fs::write(root.join("text"), "text").unwrap();
    for (files, reasons) in [
        (r#""nowhere" = "/srv/x""#, ["image.files.\"nowhere\"", "No such file"]),
        (r#""loop" = "/srv/x""#, ["loop/again is a symbolic link", "to a folder"]),
        (r#""text" = "/srv/x", "Cargo.toml" = "/srv/x/y""#, ["makes /srv/x a file", "/srv/x/y"]),
        (r#""text" = "/tmp/x""#, ["is in /tmp", "choose another path"]),
        (r#""text" = "/web""#, ["/web is the service's binary", "choose another path"]),
        (r#""text" = "srv/x""#, ["a path in the image is absolute", "image.files"]),
        (r#""text" = "/a", "Cargo.toml" = "/a""#, ["\"/a\" is there twice", "image.files"]),
        (r#""src" = "/a", "src/main.rs" = "/a/main.rs""#, ["comes from two places", "/a/main.rs"]),
    ] {
        let output = build(root, files);
        let said = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
        assert!(!output.status.success(), "{files}");
        for reason in reasons {
            assert!(said.contains(reason), "{reason}: {said}");
        }
    }
    assert!(!root.join("target/oci").exists());
}
