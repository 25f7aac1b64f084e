//! The true figures: the bytes that an engine shows of the layers, against those that they hold.
//!
//! dive counts every copy of a path that is there twice, the last one as well; nothing of what `rm -rf` and opaque
//! whiteouts hide; and divides by zero where there is one layer. Here a byte is wasted when it is in a layer and in no
//! file that the whole image shows. Hard links share the bytes of the file they name.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::efficiency::{Analysis, Wasted};
use super::tree::clean;
use super::{Contents, Layer};
use crate::layer::{DOUBLE_WHITEOUT, Entry, Kind, OPAQUE, WHITEOUT};

/// A file's bytes within the layers.
struct Data {
    path: Vec<u8>,
    size: u64,
}

/// The paths that the layers up to now show: paths without a leading `/`, and the data of those that are files.
#[derive(Default)]
struct View {
    paths: BTreeMap<Vec<u8>, Option<usize>>,
}

impl View {
    /// Removes what lies below `path`.
    fn remove_below(&mut self, path: &[u8]) {
        let from = if path.is_empty() { Vec::new() } else { [path, b"/"].concat() };
        let below: Vec<_> = self
            .paths
            .range(from.clone()..)
            .map(|(path, _)| path.clone())
            .take_while(|path| path.starts_with(&from))
            .collect();
        for path in below {
            self.paths.remove(&path);
        }
    }
}

/// The true figures for `contents`.
#[expect(clippy::cast_precision_loss, reason = "a ratio of bytes, for people")]
pub fn analyze(contents: &Contents) -> Analysis {
    let mut view = View::default();
    let mut stored: Vec<Data> = Vec::new();
    for layer in &contents.layers {
        hide(layer, &mut view);
        for entry in &layer.entries {
            show(entry, &mut view, &mut stored);
        }
    }
    let shown: HashSet<usize> = view.paths.values().flatten().copied().collect();
    let all: u64 = stored.iter().map(|data| data.size).sum();
    let files = wasted(
        stored.iter().enumerate().filter(|(id, _)| !shown.contains(id)).map(|(_, data)| data),
    );
    let wasted: u64 = files.iter().map(|file| file.size).sum();
    let user_size: u64 = contents.layers.iter().skip(1).map(Layer::size).sum();
    let user_wasted = match (wasted, user_size) {
        (0, _) => 0.0,
        (_, 0) => 1.0,
        _ => wasted as f64 / user_size as f64,
    };
    Analysis {
        efficiency: if all == 0 { 1.0 } else { (all - wasted) as f64 / all as f64 },
        size: contents.layers.iter().map(Layer::size).sum(),
        user_size,
        wasted,
        user_wasted,
        files,
    }
}

/// A layer's whiteouts, which hide what is below the layer and nothing within it (image-spec, layer.md).
fn hide(layer: &Layer, view: &mut View) {
    for entry in &layer.entries {
        let parts = clean(&entry.path);
        let Some((name, folder)) = parts.split_last() else { continue };
        let folder = folder.join(&b'/');
        if *name == OPAQUE {
            view.remove_below(&folder);
        } else if let Some(hidden) =
            name.strip_prefix(WHITEOUT).filter(|_| !name.starts_with(DOUBLE_WHITEOUT))
        {
            let path = [folder.as_slice(), hidden]
                .iter()
                .filter(|part| !part.is_empty())
                .copied()
                .collect::<Vec<_>>()
                .join(&b'/');
            view.remove_below(&path);
            view.paths.remove(&path);
        }
    }
}

fn show(entry: &Entry, view: &mut View, stored: &mut Vec<Data>) {
    let parts = clean(&entry.path);
    if parts.last().is_none_or(|name| name.starts_with(WHITEOUT)) {
        return;
    }
    let path = parts.join(&b'/');
    if entry.kind != Kind::Directory {
        view.remove_below(&path);
    }
    let data = match entry.kind {
        Kind::File => {
            stored.push(Data { path: path.clone(), size: entry.size });
            Some(stored.len() - 1)
        }
        Kind::Hardlink => view.paths.get(&clean(&entry.link).join(&b'/')).copied().flatten(),
        Kind::Directory | Kind::Symlink | Kind::Special => None,
    };
    view.paths.insert(path, data);
}

/// Wasted bytes by path, the most first.
fn wasted<'a>(hidden: impl Iterator<Item = &'a Data>) -> Vec<Wasted> {
    let mut files: HashMap<&[u8], Wasted> = HashMap::new();
    for Data { path, size } in hidden.filter(|data| data.size > 0) {
        let file = files.entry(path).or_insert_with(|| Wasted {
            count: 0,
            size: 0,
            path: [b"/", path.as_slice()].concat(),
        });
        file.count += 1;
        file.size += size;
    }
    let mut files: Vec<Wasted> = files.into_values().collect();
    files
        .sort_by(|left, right| right.size.cmp(&left.size).then_with(|| left.path.cmp(&right.path)));
    files
}
