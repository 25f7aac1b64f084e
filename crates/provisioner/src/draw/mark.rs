//! The signs that a plan puts to the resources of a picture.

use std::collections::BTreeMap;

use super::canvas::Canvas;
use crate::resource::Topology;
use crate::stack::Id;

/// The height of a row of signs.
const ROW: i32 = 28;

/// A sign that a picture puts to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// It is as it should be.
    InSync,
    /// It is changed.
    Update,
    /// It is created.
    Create,
    /// It is deleted and created again.
    Replace,
    /// It is deleted.
    Delete,
}

/// The signs by resource; without any, the picture is of the topology alone.
pub type Annotations = BTreeMap<Id, Mark>;

impl Mark {
    /// All of them, the weightiest last.
    pub const ALL: [Self; 5] =
        [Self::InSync, Self::Update, Self::Create, Self::Replace, Self::Delete];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::InSync => "in sync",
            Self::Update => "change",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Delete => "delete",
        }
    }

    /// The class of its colour.
    pub fn class(self) -> &'static str {
        match self {
            Self::InSync => "mark-in-sync",
            Self::Update => "mark-update",
            Self::Create => "mark-create",
            Self::Replace => "mark-replace",
            Self::Delete => "mark-delete",
        }
    }

    /// Its sign, as a path around 0,0.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::InSync => "M-3.5 0.5 L-1 3 L3.5 -2.5",
            Self::Update => "M-4 1 C-2.5 -3 -1 -1 0 0 S2.5 3 4 -1",
            Self::Create => "M-4 0 H4 M0 -4 V4",
            Self::Replace => "M-3 -1 H3 M0 -4 V2 M-3 4.5 H3",
            Self::Delete => "M-4 0 H4",
        }
    }
}

/// A mark in a picture, and the resources that it is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sign<'a> {
    pub(super) mark: Mark,
    /// Their names; one that ends in `/` means all whose names begin so. A page that follows an apply finds the sign by them.
    pub(super) resources: &'a [&'a str],
}

impl From<Mark> for Sign<'_> {
    fn from(mark: Mark) -> Self {
        Self { mark, resources: &[] }
    }
}

/// The weightiest of what is said of a group of resources.
pub(super) fn weightiest<'a>(annotations: &Annotations, ids: &'a [&'a str]) -> Option<Sign<'a>> {
    let concerns = |id: &Id| {
        ids.iter().any(|name| {
            id.as_str()
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || name.ends_with('/'))
        })
    };
    let mark = annotations.iter().filter(|(id, _)| concerns(id)).map(|(_, mark)| *mark).max()?;
    Some(Sign { mark, resources: ids })
}

/// The meaning of the signs, and the number of resources that have each, in one row from here.
pub(super) fn legend(
    canvas: &mut Canvas,
    topology: &Topology,
    annotations: &Annotations,
    x: i32,
    y: i32,
) {
    let mut x = x;
    for mark in Mark::ALL {
        let count = annotations.values().filter(|other| **other == mark).count();
        if count > 0 {
            canvas.mark(mark.into(), x + 8, y - 4);
            let text = format!("{} ({count})", mark.word());
            canvas.text("muted", x + 22, y, 12, &text);
            x += 22 + super::text::width(&text, 12, false) + 24;
        }
    }
    let unsaid = topology
        .resources
        .iter()
        .filter(|resource| !annotations.contains_key(&resource.id))
        .count();
    if unsaid > 0 {
        canvas.text("muted", x, y, 12, &format!("nothing said of {unsaid}"));
    }
}

/// The deletions that the topology has no place for, because they are not in it: rows of signs with names, between these two ends,
/// from here. The height that they take.
pub(super) fn leaving(
    canvas: &mut Canvas,
    topology: &Topology,
    annotations: &Annotations,
    (left, right): (i32, i32),
    top: i32,
) -> i32 {
    let gone = annotations.iter().filter(|(id, _)| topology.get(id).is_none());
    let (mut x, mut y) = (left, top);
    for (id, mark) in gone.clone() {
        let width = 22 + super::text::width(id.as_str(), 12, false) + 24;
        if x + width > right && x > left {
            (x, y) = (left, y + ROW);
        }
        canvas.mark((*mark).into(), x + 8, y - 4);
        canvas.text("muted", x + 22, y, 12, id.as_str());
        x += width;
    }
    if gone.count() == 0 { 0 } else { y + ROW - top }
}
