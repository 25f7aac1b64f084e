//! What the tests of pushing, reading and loading share.
#![allow(unreachable_pub, reason = "these modules are seen by tests alone")]

pub mod archive;
pub mod containerd;
pub mod fake;
pub mod image;
pub mod proxy;

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use image::MemoryImage;
use skyward_image::registry::{
    Clock, Credentials, Policy, Push, PushError, Pushed, Settings, Timeouts,
};
use skyward_image::{Event, ImageEvent, Monitor};
use skyward_terminal::Calls;

/// A clock whose sleeps only move it forward: retries take no time.
pub struct QuickClock {
    origin: Instant,
    wall: SystemTime,
    slept: Mutex<Duration>,
}

impl QuickClock {
    pub fn new() -> Self {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        Self { origin: Instant::now(), wall, slept: Mutex::default() }
    }

    pub fn slept(&self) -> Duration {
        *self.slept.lock().unwrap()
    }
}

impl Clock for QuickClock {
    fn now(&self) -> Instant {
        self.origin + self.slept()
    }

    fn wall(&self) -> SystemTime {
        self.wall + self.slept()
    }

    fn sleep(&self, wait: Duration) {
        *self.slept.lock().unwrap() += wait;
    }
}

/// Keeps the events.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Event>>>);

impl Recorder {
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    pub fn monitor(&self) -> Monitor {
        let events = Arc::clone(&self.0);
        Monitor::new(move |event| events.lock().unwrap().push(event.clone()))
    }
}

/// The operation and the reason of a request that is sent again.
pub fn retry(event: &Event) -> Option<(&str, &str)> {
    match event {
        Event::Own(ImageEvent::Retry { operation, reason, .. }) => Some((operation, reason)),
        _ => None,
    }
}

/// Settings with a quick clock and short timeouts, and what they record.
pub fn settings() -> (Settings, Arc<QuickClock>, Recorder) {
    let (clock, recorder) = (Arc::new(QuickClock::new()), Recorder::default());
    let settings = Settings {
        policy: Policy::default(),
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            stall: Duration::from_secs(5),
            answer: Duration::from_secs(5),
        },
        plain_http: false,
        chunk: Settings::default().chunk,
        clock: clock.clone(),
        calls: Calls::silent(),
        monitor: recorder.monitor(),
    };
    (settings, clock, recorder)
}

/// Bytes that do not compress and are the same in each run.
pub fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

pub fn push_with(
    image: &MemoryImage,
    to: &[String],
    settings: Settings,
) -> Result<Pushed, PushError> {
    push(image, to, settings).run()
}

pub fn push<'a>(image: &'a MemoryImage, to: &[String], settings: Settings) -> Push<'a> {
    let references = to.iter().map(|text| text.parse().expect("a reference")).collect();
    let credentials = Some(Credentials::anonymous());
    Push { source: image, references, credentials, mount_from: Vec::new(), jobs: 1, settings }
}

/// The error and all its causes, as the command shows them.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// An executable script. Another process writes it: a file that this one holds open for writing
/// while another test's thread forks cannot be run (ETXTBSY).
pub fn script(path: &Path, text: &str) {
    let written = Command::new("/bin/sh")
        .args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod 755 \"$1\"", "sh"])
        .arg(path)
        .arg(text)
        .status()
        .expect("sh runs");
    assert!(written.success(), "{} is written", path.display());
}
