//! The three rules and their bounds.

use anyhow::{Context, Result, bail};

use super::number::{parse_bytes, parse_ratio};

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// `wasted / user size` may not exceed it.
    HighestUserWastedPercent,
    /// The bytes wasted may not exceed it.
    HighestWastedBytes,
    /// The efficiency may not be below it.
    LowestEfficiency,
}

impl Rule {
    /// All rules, in the order of their names, which is the order of dive's report.
    pub const ALL: [Self; 3] =
        [Self::HighestUserWastedPercent, Self::HighestWastedBytes, Self::LowestEfficiency];

    /// The rule's key in the rules file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HighestUserWastedPercent => "highestUserWastedPercent",
            Self::HighestWastedBytes => "highestWastedBytes",
            Self::LowestEfficiency => "lowestEfficiency",
        }
    }

    /// The rule with this key. The case does not count, as in dive.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name().eq_ignore_ascii_case(name))
    }
}

/// The bounds of the rules; `None` is a rule that is disabled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Between 0 and 1.
    pub lowest_efficiency: Option<f64>,
    /// Bytes.
    pub highest_wasted_bytes: Option<u64>,
    /// Between 0 and 1, despite the name.
    pub highest_user_wasted_percent: Option<f64>,
}

impl Default for Rules {
    /// dive's defaults (`cmd/root.go`).
    fn default() -> Self {
        Self {
            lowest_efficiency: Some(0.9),
            highest_wasted_bytes: None,
            highest_user_wasted_percent: Some(0.1),
        }
    }
}

impl Rules {
    /// Sets the bound of `rule` from its text in the rules file.
    pub(super) fn set(&mut self, rule: Rule, value: &str) -> Result<()> {
        let value = match value {
            "" => bail!("there is no value; write disabled to turn the rule off"),
            "disabled" => None,
            value => Some(value),
        };
        let shown = || format!("{:?} is no bound", value.unwrap_or_default());
        match rule {
            Rule::LowestEfficiency => {
                self.lowest_efficiency = value.map(parse_ratio).transpose().with_context(shown)?;
            }
            Rule::HighestUserWastedPercent => {
                self.highest_user_wasted_percent =
                    value.map(parse_ratio).transpose().with_context(shown)?;
            }
            Rule::HighestWastedBytes => {
                self.highest_wasted_bytes =
                    value.map(parse_bytes).transpose().with_context(shown)?;
            }
        }
        Ok(())
    }
}
