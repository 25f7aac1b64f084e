//! Pins of images in a real containerd.

use skyward_image::load::{Engine, Expected, Options, Pins, load, unpin};

use crate::support::archive::archive;
use crate::support::containerd::Containerd;

/// An image of the history stays, one that fell out of it goes when the disk fills, and nothing of a release stays that is removed.
#[test]
#[ignore = "needs containerd ctr root"]
fn what_a_release_may_go_back_to_is_pinned() {
    let containerd = Containerd::start();
    let folder = tempfile::tempdir().expect("a folder");
    let options = |pins| Options { pins: Some(pins), ..containerd.options() };
    let bring = |repository: &str, pins| {
        let (archive, _) = archive(folder.path(), repository, "1");
        let expected = Expected::read(&archive).expect("an archive");
        let loaded = load(Engine::Containerd, &archive, &expected, &options(pins)).expect("loaded");
        loaded.references[0].clone()
    };
    let pinned = || -> Vec<String> {
        let listing = containerd.ctr(&["images", "list"]);
        let rows = listing.lines().filter(|row| row.contains("io.cri-containerd.pinned=pinned"));
        rows.map(|row| row.split(' ').next().expect("a name").to_owned()).collect()
    };
    let web = || Pins::of_release("web", "web");
    let first = bring("acme/a", web().keeping(Vec::new()));
    let second = bring("acme/b", web().keeping(vec![first.clone()]));
    assert_eq!(pinned(), [first.clone(), second.clone()]);
    // Another release has the first one too.
    bring("acme/a", Pins::of_release("blog", "blog"));
    let third = bring("acme/c", web().keeping(vec![second.clone()]));
    assert_eq!(pinned(), [first.clone(), second.clone(), third.clone()]);
    bring("acme/c", web().keeping(Vec::new()));
    assert_eq!(pinned(), [first.clone(), third]);
    unpin(web(), &containerd.options()).expect("unpinned");
    assert_eq!(pinned(), [first]);
    unpin(Pins::of_release("blog", "blog"), &containerd.options()).expect("unpinned");
    assert_eq!(pinned(), [""; 0]);
    assert!(!containerd.ctr(&["images", "list"]).contains("dev.skyward"));
}
