//! Keys as they are written, and the one that somebody meant.

use crate::file::shape::{DOCUMENT, Shape};

/// The key of `name` below `parent`, quoted as TOML asks.
pub(crate) fn child(parent: &str, name: &str) -> String {
    let bare = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let name = if bare { name.to_owned() } else { format!("\"{}\"", name.escape_debug()) };
    if parent.is_empty() { name } else { format!("{parent}.{name}") }
}

/// The message for a key that a section does not have.
pub(crate) fn unknown(section: &Shape, name: &str) -> String {
    let names = || section.properties.keys().map(String::as_str);
    if let Some(near) = nearest(name, names()) {
        return format!("unknown key; did you mean {near}?");
    }
    // Of those that have such a key, the service is the one that most keys without a section are meant for.
    let owners =
        DOCUMENT.properties.iter().filter(|(_, owner)| owner.properties.contains_key(name));
    let owner = owners.min_by_key(|(owner, _)| *owner != "service");
    if let Some((owner, _)) = owner {
        return format!("unknown key; {name} is a key of [{owner}]");
    }
    format!("unknown key; the keys here are {}", names().collect::<Vec<_>>().join(", "))
}

/// The one of `names` that is so near that it was probably meant.
pub(crate) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.to_lowercase();
    let tolerated = (name.chars().count() / 3).clamp(1, 3);
    names
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= tolerated)
        .map(|candidate| (distance(&name, candidate), candidate))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace, swap of two neighbours) from one to the other: the optimal
/// string alignment distance.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows = vec![(0..=to.len()).collect::<Vec<_>>()];
    for i in 1..=from.len() {
        let mut row = vec![i; to.len() + 1];
        for j in 1..=to.len() {
            let replace = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            row[j] = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                row[j] = row[j].min(rows[i - 2][j - 2] + 1);
            }
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}
