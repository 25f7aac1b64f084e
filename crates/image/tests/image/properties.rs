//! What holds for all layers: dive's formula against a plain one, and the true figures against what unpacking leaves.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use skyward_image::dive;
use skyward_image::layer::Limits;
use skyward_image::resolve::resolve;
use skyward_image::store::Store;
use skyward_image::unpack::unpack;

use crate::fixture::{Image, Layer, Packing};

/// A step within a layer.
#[derive(Clone, Debug)]
enum Step {
    File(&'static str, usize),
    Remove(&'static str),
    Opaque(&'static str),
}

/// No path is the folder of another, so that all orders of steps are possible.
const FILES: [&str; 6] = ["a/x", "a/y", "b/x", "b/c/x", "b/c/y", "z"];
const FOLDERS: [&str; 3] = ["a", "b", "b/c"];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (prop::sample::select(&FILES[..]), 0_usize..3000).prop_map(|(path, size)| Step::File(path, size)),
        1 => prop::sample::select(&FILES[..]).prop_map(Step::Remove),
        1 => prop::sample::select(&FOLDERS[..]).prop_map(Step::Remove),
        1 => prop::sample::select(&FOLDERS[..]).prop_map(Step::Opaque),
    ]
}

/// Each path once in a layer, as engines write them.
fn layers() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let layer = prop::collection::vec(step(), 0..6).prop_map(|steps| {
        let mut seen = Vec::new();
        let mut kept = Vec::new();
        for step in steps {
            let (Step::File(path, _) | Step::Remove(path) | Step::Opaque(path)) = step;
            if !seen.contains(&path) {
                seen.push(path);
                kept.push(step);
            }
        }
        kept
    });
    prop::collection::vec(layer, 1..5)
}

fn write(layers: &[Vec<Step>]) -> Vec<Layer> {
    let one = |steps: &Vec<Step>| {
        steps.iter().fold(Layer::new(), |layer, step| match step {
            Step::File(path, size) => layer.file(path, *size),
            Step::Remove(path) => layer.remove(path),
            Step::Opaque(path) => layer.opaque(path),
        })
    };
    layers.iter().map(one).collect()
}

/// Bytes of all files below `folder`.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            if entry.file_type().unwrap().is_dir() {
                size(&entry.path())
            } else {
                entry.metadata().unwrap().len()
            }
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Without whiteouts: the sum of the smallest copies over the sum of all, and every copy of what is there twice.
    #[test]
    fn dives_formula(layers in layers()) {
        let layers: Vec<Vec<Step>> =
            layers.into_iter().map(|layer| layer.into_iter().filter(|step| matches!(step, Step::File(..))).collect()).collect();
        let mut sizes: HashMap<&str, Vec<u64>> = HashMap::new();
        for step in layers.iter().flatten() {
            if let Step::File(path, size) = step {
                sizes.entry(path).or_default().push(*size as u64);
            }
        }
        let all: u64 = sizes.values().flatten().sum();
        let smallest: u64 = sizes.values().filter_map(|sizes| sizes.iter().min()).sum();
        let wasted: u64 = sizes.values().filter(|sizes| sizes.len() > 1).flatten().sum();

        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Image::new(write(&layers), Packing::Plain).archive(folder.path(), "i.tar")).unwrap();
        let contents = dive::read(&store, &resolve(&store, None).unwrap(), Limits::default()).unwrap();
        let found = dive::analyze(&contents);
        prop_assert_eq!((found.size, found.wasted), (all, wasted));
        #[expect(clippy::cast_precision_loss, reason = "the sizes are small")]
        let efficiency = if all == 0 { 1.0 } else { smallest as f64 / all as f64 };
        prop_assert_eq!(found.efficiency.to_bits(), efficiency.to_bits());
    }

    /// What is not wasted is what unpacking leaves, byte for byte.
    #[test]
    fn the_true_figures_are_those_of_unpacking(layers in layers()) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Image::new(write(&layers), Packing::Gzip).archive(folder.path(), "i.tar")).unwrap();
        let image = resolve(&store, None).unwrap();
        let contents = dive::read(&store, &image, Limits::default()).unwrap();
        let exact = dive::analyze_exactly(&contents);
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        unpack(&store, &image, &root, Limits::default()).unwrap();
        prop_assert_eq!(exact.size - exact.wasted, size(&root));
        prop_assert!((0.0..=1.0).contains(&exact.efficiency));
        // dive's own figures never panic, whatever the layers.
        dive::analyze(&contents);
    }
}
