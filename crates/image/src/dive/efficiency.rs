//! dive's figures (`dive/filetree/efficiency.go`, `dive/image/image.go`).

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use super::tree::{Id, Info, Tree};
use super::{Contents, Layer};
use crate::layer::{Entry, Kind};

/// The part of an image that is wasted.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// 1.0 where nothing is wasted.
    pub efficiency: f64,
    /// Bytes of all layers.
    pub size: u64,
    /// Bytes of all layers but the first.
    pub user_size: u64,
    /// Bytes that are wasted.
    pub wasted: u64,
    /// `wasted / user_size`: not a number where both are 0, infinite where only the latter is.
    pub user_wasted: f64,
    /// The paths that waste them, the largest first.
    pub files: Vec<Wasted>,
}

/// A path that several layers hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wasted {
    /// The number of layers that hold it.
    pub count: usize,
    /// Bytes of all copies together.
    pub size: u64,
    /// From the root.
    pub path: Vec<u8>,
}

/// The figures of one path: `EfficiencyData`.
struct Seen {
    count: usize,
    cumulative: i64,
    /// -1 before the first size is known. It stays -1, and is summed, for a path that is only deleted and never was
    /// there.
    smallest: i64,
}

impl Default for Seen {
    fn default() -> Self {
        Self { count: 0, cumulative: 0, smallest: -1 }
    }
}

/// The figures that dive gives for `contents`.
#[expect(clippy::cast_precision_loss, reason = "dive divides 64-bit floats as well")]
pub fn analyze(contents: &Contents) -> Analysis {
    let trees: Vec<Tree> = contents.layers.iter().map(tree).collect();
    let mut seen = HashMap::new();
    let mut repeated = Vec::new();
    for current in 0..trees.len() {
        visit(&trees, current, &mut seen, &mut repeated);
    }
    let cumulative: i64 = seen.values().map(|data| data.cumulative).sum();
    let smallest: i64 = seen.values().map(|data| data.smallest).sum();
    let mut files: Vec<Wasted> = repeated
        .into_iter()
        .map(|path| Wasted {
            count: seen[&path].count,
            size: seen[&path].cumulative.unsigned_abs(),
            path,
        })
        .collect();
    files.sort_by_key(|file| file.size);
    files.reverse();
    let wasted = files.iter().map(|file| file.size).sum();
    let user_size = contents.layers.iter().skip(1).map(Layer::size).sum();
    Analysis {
        efficiency: if cumulative == 0 { 1.0 } else { smallest as f64 / cumulative as f64 },
        size: contents.layers.iter().map(Layer::size).sum(),
        user_size,
        wasted,
        user_wasted: wasted as f64 / user_size as f64,
        files,
    }
}

fn tree(layer: &Layer) -> Tree {
    let mut tree = Tree::new();
    for Entry { path, kind, size, .. } in &layer.entries {
        tree.add(path, Info { size: *size, is_dir: *kind == Kind::Directory });
    }
    tree
}

/// Takes the leaves of one layer into account. A whiteout of a path that lower layers do not have ends the layer's
/// visit.
fn visit(
    trees: &[Tree],
    current: usize,
    seen: &mut HashMap<Vec<u8>, Seen>,
    repeated: &mut Vec<Vec<u8>>,
) {
    let tree = &trees[current];
    let mut lower = None;
    for node in tree.all() {
        if !tree.is_leaf(node) {
            continue;
        }
        let path = tree.path(node);
        let size = if tree.is_whiteout(node) {
            // dive makes the path known before it looks for it below.
            let lower = lower.get_or_insert_with(|| stacked(trees, current));
            let Some(hidden) = lower.get(&path) else {
                seen.entry(path).or_default();
                return;
            };
            hidden_size(lower, hidden)
        } else {
            tree.info(node).size
        };
        let data = match seen.entry(path) {
            Slot::Occupied(slot) => {
                let path = slot.key().clone();
                let data = slot.into_mut();
                if data.count == 1 {
                    repeated.push(path);
                }
                data
            }
            Slot::Vacant(slot) => slot.insert(Seen::default()),
        };
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        data.count += 1;
        data.cumulative = data.cumulative.saturating_add(size);
        data.smallest = if data.smallest < 0 { size } else { data.smallest.min(size) };
    }
}

/// `StackTreeRange(trees, 0, current - 1)`: it begins with a copy of the lowest tree, and lays that over itself first.
fn stacked(trees: &[Tree], current: usize) -> Tree {
    let mut stacked = trees[0].clone();
    for upper in &trees[..current] {
        stacked.stack(upper);
    }
    stacked
}

/// The bytes that a whiteout hides: all that is in a folder; of a file, none.
fn hidden_size(lower: &Tree, hidden: Id) -> u64 {
    if !lower.info(hidden).is_dir {
        return 0;
    }
    lower.children_first(hidden).into_iter().map(|node| lower.info(node).size).sum()
}
