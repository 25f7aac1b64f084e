//! The user that an image names: numbers, or names of its own `/etc/passwd` and `/etc/group`.
//!
//! The rules are those of engines (opencontainers/runc, `libcontainer/user`, `GetExecUser`), but for a number that no file knows: its
//! group is the same number instead of root's.

use std::fs::File;
use std::io::Read;

use anyhow::{Context, Result, bail};

use crate::unpack::Rooted;

/// The most that is read of a file with names.
const MOST_BYTES: u64 = 1 << 20;

/// Finds the user and group ids of `USER[:GROUP]`; nothing is root. A number is taken as it is; the group is that of the user in
/// `/etc/passwd` where none is given.
pub(super) fn find(text: &str, root: &Rooted) -> Result<(u32, u32)> {
    if text.is_empty() {
        return Ok((0, 0));
    }
    let (user, group) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text, None),
    };
    let users = lines(root, "/etc/passwd")?;
    let number = user.parse::<u32>().ok();
    let entry = users
        .iter()
        .find(|fields| fields[0] == user || (number.is_some() && id(fields, 2) == number));
    let Some(uid) = number.or_else(|| entry.and_then(|fields| id(fields, 2))) else {
        bail!(
            "the image's user {text:?} is a name that its /etc/passwd does not have; --user gives a number instead"
        );
    };
    let gid = match group {
        None => entry.and_then(|fields| id(fields, 3)).unwrap_or(uid),
        Some(group) => match group.parse() {
            Ok(gid) => gid,
            Err(_) => lines(root, "/etc/group")?
                .iter()
                .find(|fields| fields[0] == group)
                .and_then(|fields| id(fields, 2))
                .with_context(|| {
                    format!("the group of the image's user {text:?} is a name that its /etc/group does not have; --user gives numbers instead")
                })?,
        },
    };
    Ok((uid, gid))
}

fn id(fields: &[String], at: usize) -> Option<u32> {
    fields.get(at)?.parse().ok()
}

/// The fields of each line of a file of the image; none where it has no such file.
fn lines(root: &Rooted, path: &str) -> Result<Vec<Vec<String>>> {
    let inner = root.resolve(path.as_bytes())?;
    if !inner.is_file() {
        return Ok(Vec::new());
    }
    let mut bytes = Vec::new();
    File::open(&inner)
        .and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read the image's {path}"))?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_as_engines_find_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let etc = folder.path().join("etc");
        std::fs::create_dir(&etc).expect("a folder");
        std::fs::write(etc.join("passwd"), "root:x:0:0::/:/bin/sh\nweb:x:1000:50::/:\nodd:x:a:b\n")
            .expect("a file");
        std::fs::write(etc.join("group"), "www:x:33:\n").expect("a file");
        let root = Rooted::new(folder.path()).expect("it is there");
        for (text, expected) in [
            ("", Ok((0, 0))),
            ("root", Ok((0, 0))),
            ("web", Ok((1000, 50))),
            ("1000", Ok((1000, 50))),
            ("web:www", Ok((1000, 33))),
            ("web:7", Ok((1000, 7))),
            ("5", Ok((5, 5))),
            ("5:6", Ok((5, 6))),
            ("odd", Err("is a name that its /etc/passwd does not have")),
            ("nobody", Err("is a name that its /etc/passwd does not have")),
            ("web:nogroup", Err("is a name that its /etc/group does not have")),
            ("web:", Err("is a name that its /etc/group does not have")),
        ] {
            match (find(text, &root), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }
}
