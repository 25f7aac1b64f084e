//! One operator at a time: a lock on each machine, which the far end of a connection holds.
//!
//! A script on the machine holds it while its standard input is open, so that an operator that ends or is killed has none any more. One
//! that is silent because its machine or the network is gone is taken over [`LEASE`] after its last sign of life, by the clock of the
//! locked machine alone. Every script that runs under the lock looks first whether the lock is still its operator's: who was taken over
//! changes nothing any more. What a killed operator's last script still does is waited for.
//!
//! All machines that answer are locked, so that two operators meet wherever they have one in common. Nobody holds a lock while it waits
//! for another: there is no deadlock, whatever the order of the machines in two configurations.

mod holder;

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::connection::{Holding, Input, Script};
use super::record;

pub use holder::who;

/// The time after a holder's last sign of life in which it is not taken over, as long as the lock of a deployment.
pub const LEASE: Duration = Duration::from_secs(15);
/// The time between two signs of life: a third, so that one may come late.
const BEAT: Duration = Duration::from_secs(5);
/// The time between two looks of an operator that waits.
const LOOK: Duration = Duration::from_millis(300);
/// The time for the answer of the script that takes it.
const ANSWER: Duration = Duration::from_mins(1);
/// The time for the end of the script that holds it; it ends by itself later.
const RELEASE: Duration = Duration::from_secs(3);
/// The exit code of a script whose operator has lost the lock.
pub const LOST: i32 = 75;

/// Takes and holds the lock. `$1` its file, `$2` the seconds of [`LEASE`].
const HOLD: &str = include_str!("scripts/lock.sh");

/// An operator's claim to the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    key: String,
    who: String,
    command: String,
}

/// The holder of a lock that another wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rival {
    /// The holder, as `user@host (pid 7)`.
    pub who: String,
    /// The command that it runs.
    pub command: String,
    /// Seconds since it took the lock.
    pub age_s: i64,
}

/// The answer to a claim.
pub enum Answer {
    /// The lock is ours.
    Ours(Held),
    /// Another has it.
    Rival(Rival),
    /// The machine cannot lock, for this reason.
    Refused(String),
}

/// A lock that is held until this is released or dropped.
#[derive(Debug)]
pub struct Held {
    key: String,
    stop: oneshot::Sender<()>,
    beats: JoinHandle<()>,
}

impl Claim {
    /// This process's, for a command such as `cluster up`.
    pub fn new(command: &str) -> Self {
        let key = RandomState::new().hash_one(std::process::id());
        let who = format!("{} (pid {})", who(), std::process::id());
        let who = who.chars().filter(|sign| !sign.is_control()).collect();
        Self { key: format!("skyward-{key:016x}"), who, command: command.to_owned() }
    }

    /// The script that holds the lock.
    pub fn script(&self, sudo: bool) -> Script<'static> {
        let input = format!("{}\n{}\n{}\n", self.key, self.who, self.command);
        Script {
            text: HOLD,
            arguments: vec![record::LOCK.to_owned(), LEASE.as_secs().to_string()],
            input: Input::Bytes(input.into_bytes()),
            limit: ANSWER,
            sudo,
        }
    }

    /// Reads the answer of the script.
    pub fn answer(&self, holding: Holding) -> Answer {
        match holding.said.as_str() {
            "ours" => Answer::Ours(Held::new(self.key.clone(), holding)),
            "lacking" => Answer::Refused(
                "it has no `flock` (of util-linux), which keeps two operators apart".to_owned(),
            ),
            said => match said.strip_prefix("held\t") {
                Some(rival) => Answer::Rival(Rival::parse(rival)),
                None => Answer::Refused(said.to_owned()),
            },
        }
    }

    /// The time until the next look, which differs between two that wait.
    pub fn pause() -> Duration {
        LOOK + Duration::from_millis(RandomState::new().hash_one(0) % 200)
    }
}

impl Rival {
    /// Reads `AGE TAB WHO TAB COMMAND`; one that has just taken the lock has no name yet.
    fn parse(text: &str) -> Self {
        let mut parts = text.split('\t');
        let age_s = parts.next().and_then(|age| age.parse().ok()).unwrap_or(0);
        let mut named = |unknown: &str| match parts.next() {
            Some(part) if !part.is_empty() => part.to_owned(),
            _ => unknown.to_owned(),
        };
        Self { who: named("another operator"), command: named("a command"), age_s }
    }

    /// The moment at which it took the lock, by the clock of the one who asks.
    pub fn since(&self) -> String {
        let now = Timestamp::now().as_second();
        let since = Timestamp::from_second(now.saturating_sub(self.age_s));
        since.map(|since| since.to_string()).unwrap_or_default()
    }
}

impl Held {
    fn new(key: String, holding: Holding) -> Self {
        let (stop, stopped) = oneshot::channel();
        let beats = tokio::spawn(beat(holding, stopped));
        Self { key, stop, beats }
    }

    /// The script that does the same where the lock is still ours, and else ends with [`LOST`].
    pub fn guarded(&self, text: &str) -> String {
        // Without the last line a shell may become the last command, which the holder's script could not find then.
        let Self { key, .. } = self;
        let lock = record::LOCK;
        format!(
            "{{ read -r lock <{lock}; }} 2>/dev/null\n[ \"$lock\" = {key} ] || exit {LOST}\n{text}\nexit"
        )
    }

    /// Gives the lock back.
    pub async fn release(self) {
        drop(self.stop);
        let _ = tokio::time::timeout(RELEASE, self.beats).await;
    }
}

/// Gives signs of life until it is stopped, and waits for the end of the script.
async fn beat(holding: Holding, mut stopped: oneshot::Receiver<()>) {
    let Holding { mut input, ended, .. } = holding;
    while tokio::time::timeout(BEAT, &mut stopped).await.is_err() {
        if input.write_all(b"\n").await.is_err() || input.flush().await.is_err() {
            break;
        }
    }
    drop(input);
    ended.await;
}
