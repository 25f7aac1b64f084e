//! Paths as Go's `path.Clean` makes them.

/// The prefix of a whiteout (image-spec, layer.md).
pub(super) const WHITEOUT: &[u8] = b".wh.";
/// The prefix of whiteouts that are no file's: `.wh..wh..opq` hides all that lower layers have in the folder.
pub(super) const DOUBLE_WHITEOUT: &[u8] = b".wh..wh..";
/// The opaque whiteout.
pub(super) const OPAQUE: &[u8] = b".wh..wh..opq";

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
