//! dive's path tree (`dive/filetree/file_tree.go`, `file_node.go`), with the parts that its efficiency needs.

use std::collections::BTreeMap;

use crate::layer::{DOUBLE_WHITEOUT, WHITEOUT};

/// The size and kind that an entry of the archive gives its path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Info {
    pub(super) size: u64,
    pub(super) is_dir: bool,
}

/// The position of a node within its tree.
pub(super) type Id = usize;

/// The root of every tree.
const ROOT: Id = 0;

#[derive(Clone, Debug)]
struct Node {
    name: Vec<u8>,
    parent: Id,
    info: Info,
    /// In the order of the names' bytes, which is the order of every visit.
    children: BTreeMap<Vec<u8>, Id>,
}

/// The paths of one layer, or of several on top of each other.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    pub(super) fn new() -> Self {
        let root = Node {
            name: Vec::new(),
            parent: ROOT,
            info: Info::default(),
            children: BTreeMap::new(),
        };
        Self { nodes: vec![root] }
    }

    /// `FileTree.AddPath`: folders above it that have no entry of their own get an empty one; a part that begins with
    /// `.wh..wh..` ends it, so that opaque whiteouts are dropped.
    pub(super) fn add(&mut self, path: &[u8], info: Info) {
        let parts = clean(path);
        let mut node = ROOT;
        for (index, part) in parts.iter().enumerate() {
            node = match self.nodes[node].children.get(*part) {
                Some(child) => *child,
                None if part.starts_with(DOUBLE_WHITEOUT) => return,
                None => self.add_child(node, part),
            };
            if index == parts.len() - 1 {
                self.nodes[node].info = info;
            }
        }
    }

    fn add_child(&mut self, parent: Id, name: &[u8]) -> Id {
        let id = self.nodes.len();
        self.nodes.push(Node {
            name: name.to_vec(),
            parent,
            info: Info::default(),
            children: BTreeMap::new(),
        });
        self.nodes[parent].children.insert(name.to_vec(), id);
        id
    }

    /// `FileTree.GetNode`: the node of `path`, of which empty parts do not count.
    pub(super) fn get(&self, path: &[u8]) -> Option<Id> {
        path.split(|byte| *byte == b'/')
            .filter(|part| !part.is_empty())
            .try_fold(ROOT, |node, part| self.nodes[node].children.get(part).copied())
    }

    pub(super) fn info(&self, id: Id) -> Info {
        self.nodes[id].info
    }

    pub(super) fn is_leaf(&self, id: Id) -> bool {
        self.nodes[id].children.is_empty()
    }

    pub(super) fn is_whiteout(&self, id: Id) -> bool {
        self.nodes[id].name.starts_with(WHITEOUT)
    }

    /// `FileNode.Path`: from the root, with a whiteout's prefix taken off the last part alone.
    pub(super) fn path(&self, id: Id) -> Vec<u8> {
        let mut parts: Vec<&[u8]> = Vec::new();
        let mut node = id;
        while node != ROOT {
            let name = self.nodes[node].name.as_slice();
            parts.push(if node == id { name.strip_prefix(WHITEOUT).unwrap_or(name) } else { name });
            node = self.nodes[node].parent;
        }
        parts.reverse();
        [b"/", parts.join(&b'/').as_slice()].concat()
    }

    /// All nodes below `start` and it itself, children before parents; never the root.
    /// Without recursion: a path may have 2,000 parts.
    pub(super) fn children_first(&self, start: Id) -> Vec<Id> {
        let mut order = Vec::new();
        let mut pending = vec![start];
        // Parents first with the children backwards, then the whole backwards: children first, in order.
        while let Some(node) = pending.pop() {
            if node != ROOT {
                order.push(node);
            }
            pending.extend(self.nodes[node].children.values());
        }
        order.reverse();
        order
    }

    /// All nodes, children before parents.
    pub(super) fn all(&self) -> Vec<Id> {
        self.children_first(ROOT)
    }

    /// `FileTree.Stack`: lays `upper` over this tree.
    pub(super) fn stack(&mut self, upper: &Self) {
        for node in upper.all() {
            let path = upper.path(node);
            if upper.is_whiteout(node) {
                self.remove(&path);
            } else {
                self.add(&path, upper.info(node));
            }
        }
    }

    /// `FileTree.RemovePath`: a path that is not there, and the root, are left alone.
    fn remove(&mut self, path: &[u8]) {
        let Some(node) = self.get(path).filter(|node| *node != ROOT) else { return };
        let (parent, name) = (self.nodes[node].parent, self.nodes[node].name.clone());
        self.nodes[parent].children.remove(&name);
    }
}

/// The parts of `path` after `path.Clean`: no `.`, no empty part, `..` only in front of a relative path.
pub(super) fn clean(path: &[u8]) -> Vec<&[u8]> {
    let rooted = path.first() == Some(&b'/');
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                if parts.last().is_some_and(|last| *last != b"..") {
                    parts.pop();
                } else if !rooted {
                    parts.push(part);
                }
            }
            part => parts.push(part),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn cleans_as_go_does() {
        for (path, expected) in [
            ("a/b", "a/b"),
            ("./a//b/", "a/b"),
            ("/a/../b", "b"),
            ("a/../../b", "../b"),
            ("../../b", "../../b"),
            ("/../b", "b"),
            (".", ""),
            ("/", ""),
        ] {
            assert_eq!(clean(path.as_bytes()).join(&b'/'), expected.as_bytes(), "{path}");
        }
    }
}
