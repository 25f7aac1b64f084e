//! The rules of dive, v0.13.1: how much of an image is wasted, and whether that is too much. The formulas are dive's,
//! with its edge cases; `exact` gives the true figures instead.

mod efficiency;
mod evaluate;
mod exact;
mod number;
mod path;
mod read;
mod report;
mod rules;
mod rules_file;
mod tree;

pub use efficiency::{Analysis, Wasted, analyze};
pub use evaluate::{Outcome, Status, Verdict, evaluate};
pub use exact::analyze as analyze_exactly;
pub use number::{human_bytes, parse_bytes};
pub use read::{Contents, Layer, read};
pub use report::text;
pub use rules::{Rule, Rules};
pub use rules_file::{RulesError, read as read_rules};
