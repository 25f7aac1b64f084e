//! Differences as people read them.

use std::fmt::Write;

use super::{Change, Difference};

/// The differences, one object after the other, and a line that counts them.
pub fn text(differences: &[Difference], color: bool) -> String {
    let mut out = String::new();
    for difference in differences {
        let sign = match difference.change {
            Change::Create => '+',
            Change::Update => '~',
            Change::Delete => '-',
            Change::Unchanged => continue,
        };
        let _ = writeln!(out, "{sign} {}", difference.id);
        for field in &difference.fields {
            let _ = writeln!(out, "    {}: {:?} → {:?}", field.path, field.before, field.after);
        }
    }
    let _ = color;
    out
}
