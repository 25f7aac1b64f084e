//! The skips that `--strict` allows: a written list, each with its reason, so that no step is left out unseen.

use anyhow::{Context, Result, ensure};

use super::Outcome;
use crate::external;

/// The list, below the workspace's folder.
const FILE: &str = ".ci/skips";

/// An allowed skip.
#[derive(Debug, PartialEq, Eq)]
struct Allowed {
    /// A part of the step's name.
    step: String,
    reason: String,
}

/// The skips that the list allows.
pub(super) struct Skips(Vec<Allowed>);

impl Skips {
    /// Reads the list.
    pub(super) fn read() -> Result<Self> {
        let path = external::workspace().join(FILE);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("reading the allowed skips {}", path.display()))?;
        parse(&text)
    }

    /// The steps that were skipped and must not be, each with what to do.
    pub(super) fn refused<'a>(
        &self,
        ended: impl Iterator<Item = (&'a str, &'a Outcome)>,
    ) -> Vec<String> {
        let is_allowed = |name: &str| self.0.iter().any(|allowed| name.contains(&allowed.step));
        ended
            .filter(|(name, outcome)| {
                matches!(outcome, Outcome::Skipped(_)) && !is_allowed(name)
            })
            .map(|(name, _)| {
                format!("{name} was skipped, and {FILE} does not allow it. Next step: install what it needs, or add it there with the reason")
            })
            .collect()
    }

    /// The entries whose steps all ran: they may go.
    pub(super) fn idle<'a>(
        &self,
        ended: impl Iterator<Item = (&'a str, &'a Outcome)>,
    ) -> Vec<String> {
        let ended: Vec<_> = ended.collect();
        self.0
            .iter()
            .filter(|allowed| {
                let mut named = ended.iter().filter(|(name, _)| name.contains(&allowed.step));
                let is_named = named.clone().next().is_some();
                is_named && named.all(|(_, outcome)| !matches!(outcome, Outcome::Skipped(_)))
            })
            .map(|allowed| {
                format!("{FILE} allows a skip of {}, which ran: {}", allowed.step, allowed.reason)
            })
            .collect()
    }
}

/// Reads lines of a part of a step's name, a colon, and the reason. `#` begins a comment.
fn parse(text: &str) -> Result<Skips> {
    let mut all = Vec::new();
    for (number, line) in text.lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let parts = line
            .split_once(": ")
            .filter(|(step, reason)| !step.trim().is_empty() && !reason.trim().is_empty());
        ensure!(
            parts.is_some(),
            "{FILE}:{}: write a part of the step's name, a colon and the reason",
            number + 1
        );
        if let Some((step, reason)) = parts {
            all.push(Allowed { step: step.trim().to_owned(), reason: reason.trim().to_owned() });
        }
    }
    Ok(Skips(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended() -> [(&'static str, Outcome); 3] {
        [
            ("advisories", Outcome::Skipped("no network".to_owned())),
            ("image with podman", Outcome::Skipped("no podman".to_owned())),
            ("k3s with sshd", Outcome::Passed(String::new())),
        ]
    }

    #[test]
    fn a_skip_that_is_not_written_down_is_refused() {
        let skips =
            parse("# a comment\n\nadvisories: the database may be out of reach\nsshd: no\n")
                .unwrap();
        let ended = ended();
        let refused = skips.refused(ended.iter().map(|(name, outcome)| (*name, outcome)));
        assert_eq!(refused.len(), 1);
        assert!(refused[0].starts_with("image with podman was skipped"), "{refused:?}");
        let idle = skips.idle(ended.iter().map(|(name, outcome)| (*name, outcome)));
        assert_eq!(idle, [".ci/skips allows a skip of sshd, which ran: no"]);
    }

    #[test]
    fn an_entry_has_a_reason() {
        for wrong in ["advisories", "advisories:", ": reason"] {
            let error = parse(wrong).err().expect(wrong).to_string();
            assert!(error.starts_with(".ci/skips:1: "), "{error}");
        }
    }

    #[test]
    fn the_list_of_the_repository_can_be_read() {
        Skips::read().unwrap();
    }
}
