//! Settings that are one of several words.

use std::fmt;
use std::str::FromStr;

/// The form of the access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "file", serde(rename_all = "lowercase"))]
pub enum LogFormat {
    /// `127.0.0.1 - - [27/Oct/2023 21:20:37] "GET / HTTP/1.1" 200 -`
    #[default]
    Default,
    /// The Common Log Format: the same with a zone, and the size of the body.
    Common,
    /// The common form with the quoted `Referer` and `User-Agent`.
    Combined,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The words of the configuration and of the command line, with their meanings.
    pub const WORDS: &'static [(&'static str, &'static str)] = &[
        (
            "default",
            "As Python's `http.server` writes it: `127.0.0.1 - - [27/Oct/2023 21:20:37] \"GET / HTTP/1.1\" 200 -`.",
        ),
        ("common", "The Common Log Format."),
        ("combined", "The Common Log Format with referrer and user agent."),
        ("json", "One JSON object a line."),
    ];

    /// The word in the configuration and on the service's command line.
    pub const fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].0
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Default, Self::Common, Self::Combined, Self::Json];
        all.into_iter().find(|format| format.as_str() == text).ok_or(())
    }
}

/// The threads that serve connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "file", serde(rename_all = "kebab-case"))]
pub enum Threads {
    /// One a core, each with connections of its own.
    #[default]
    PerCore,
    /// One a core, which take each other's work.
    Shared,
}

impl Threads {
    /// The words of the configuration and of the command line, with their meanings.
    pub const WORDS: &'static [(&'static str, &'static str)] = &[
        (
            "per-core",
            "One a core, each with connections of its own. The least work for a request, but a handler that computes holds up the other connections of its core, and `block_in_place` panics.",
        ),
        (
            "shared",
            "One a core, which take each other's work, as under `axum::serve`: for handlers that compute, and for `block_in_place`. It needs the feature `shared-threads` of skyward-server.",
        ),
    ];

    /// The word in the configuration and on the service's command line.
    pub const fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].0
    }
}

impl FromStr for Threads {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::PerCore, Self::Shared];
        all.into_iter().find(|threads| threads.as_str() == text).ok_or(())
    }
}
