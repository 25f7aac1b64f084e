//! Rows of the table: ours, the target, the peers.

use std::fmt::Write as _;

use anyhow::ensure;
use serde_json::{Value, json};

/// The bound that the design sets for a figure.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    AtMost(f64),
    AtLeast(f64),
}

/// A peer's figure for the same, or why there is none.
#[derive(Debug)]
pub struct Peer {
    pub name: &'static str,
    pub value: Result<f64, String>,
}

/// One line of the design's table.
#[derive(Debug)]
pub struct Row {
    what: String,
    /// Or why it was not measured.
    ours: Result<f64, String>,
    unit: &'static str,
    target: Option<Target>,
    pub peers: Vec<Peer>,
    /// Further measurements, in words.
    pub note: String,
}

impl Row {
    pub fn new(what: impl Into<String>, ours: f64, unit: &'static str, target: Target) -> Self {
        Self {
            what: what.into(),
            ours: Ok(ours),
            unit,
            target: Some(target),
            peers: Vec::new(),
            note: String::new(),
        }
    }

    pub fn skipped(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ours: Err(reason.into()),
            unit: "",
            target: None,
            peers: Vec::new(),
            note: String::new(),
        }
    }

    fn met(&self) -> Option<bool> {
        let ours = *self.ours.as_ref().ok()?;
        Some(match self.target? {
            Target::AtMost(most) => ours <= most,
            Target::AtLeast(least) => ours >= least,
        })
    }

    /// Its name, figure and target, where the target was missed.
    fn missed(&self) -> Option<String> {
        let [what, ours, target, ..] = self.cells();
        (self.met() == Some(false)).then(|| format!("{what} ({ours}, {target})"))
    }

    fn cells(&self) -> [String; 6] {
        let unit = self.unit;
        let ours = match &self.ours {
            Ok(value) => format!("{} {unit}", figure(*value)),
            Err(_) => "skipped".to_owned(),
        };
        let target = match self.target {
            None => String::new(),
            Some(Target::AtMost(0.0)) => format!("0 {unit}"),
            Some(Target::AtMost(most)) => format!("≤ {} {unit}", figure(most)),
            Some(Target::AtLeast(least)) => format!("{} {unit}", figure(least)),
        };
        let met = match self.met() {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        let peer = |peer: &Peer| match &peer.value {
            Ok(value) => format!("{} {} {unit}", peer.name, figure(*value)),
            Err(_) => format!("{} skipped", peer.name),
        };
        let peers = self.peers.iter().map(peer).collect::<Vec<_>>().join(", ");
        let ratio = match (&self.ours, self.peers.first().map(|peer| &peer.value)) {
            (Ok(ours), Some(Ok(theirs))) => format!("{:.2} ×", ours / theirs),
            _ => String::new(),
        };
        [self.what.clone(), ours, target, met.to_owned(), peers, ratio]
    }

    fn notes(&self) -> Vec<String> {
        let own =
            self.ours.as_ref().err().map(|reason| format!("{}: skipped, {reason}", self.what));
        let said = (!self.note.is_empty()).then(|| format!("{}: {}", self.what, self.note));
        let peers = self.peers.iter().filter_map(|peer| {
            peer.value.as_ref().err().map(|reason| format!("{}: skipped, {reason}", peer.name))
        });
        own.into_iter().chain(said).chain(peers).collect()
    }

    pub fn json(&self) -> Value {
        let target = match self.target {
            None => Value::Null,
            Some(Target::AtMost(value)) => json!({ "at_most": value }),
            Some(Target::AtLeast(value)) => json!({ "at_least": value }),
        };
        let peers: Vec<Value> = self
            .peers
            .iter()
            .map(|peer| json!({ "name": peer.name, "value": peer.value.as_ref().ok(), "skipped": peer.value.as_ref().err() }))
            .collect();
        json!({
            "what": self.what, "ours": self.ours.as_ref().ok(), "skipped": self.ours.as_ref().err(),
            "unit": self.unit, "target": target, "met": self.met(), "peers": peers, "note": self.note,
        })
    }
}

/// At most three decimals, and none that are zero.
fn figure(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Fails where a target was missed. What was skipped has none.
pub(super) fn judge(rows: &[Row]) -> anyhow::Result<()> {
    let missed: Vec<_> = rows.iter().filter_map(Row::missed).collect();
    ensure!(missed.is_empty(), "targets missed: {}", missed.join("; "));
    Ok(())
}

/// The rows in columns, the notes below.
pub(super) fn table(rows: &[Row]) -> String {
    let head = ["what", "ours", "target", "met", "peers", "ratio"].map(str::to_owned);
    let lines: Vec<[String; 6]> =
        std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let width =
        |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells: Vec<String> =
            line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    for note in rows.iter().flat_map(Row::notes) {
        let _ = writeln!(text, "note: {note}");
    }
    text
}
