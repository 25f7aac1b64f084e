//! The logs of all pods as one: in the order of their times, or as they come.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use kube::core::subresource::LogParams;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::pods::{Selection, Target, targets};
use crate::api::{ApiServer, CallError, LogStream, Reason};
use crate::event::{Event, Sink};

/// The time between two looks for pods that are new.
const LOOK: Duration = Duration::from_secs(2);

/// The wait before a log that has ended is opened again: its container is being started again, or the node was away.
const AGAIN: Duration = Duration::from_secs(1);

/// Lines on their way to a terminal that is slower than the pods.
const BUFFERED: usize = 256;

/// The part of the logs that is wanted.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// The pods.
    pub selection: Selection,
    /// Of the containers before their last start.
    pub previous: bool,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// The last so many lines of each pod.
    pub tail: Option<u32>,
}

/// A line of a container's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// When the container wrote it, as the node tells; none where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Its text, as the container wrote it.
    pub text: String,
}

impl LogOptions {
    fn parameters(&self, container: &str, follow: bool, from: Option<Timestamp>) -> LogParams {
        LogParams {
            container: Some(container.to_owned()),
            follow,
            previous: self.previous,
            since_time: from.or(self.since),
            // What is asked for again begins where it ended.
            tail_lines: self.tail.filter(|_| from.is_none()).map(i64::from),
            // Lines of several pods are ordered by it, and what is asked for again begins after it.
            timestamps: true,
            ..LogParams::default()
        }
    }
}

/// Reads the logs to their ends, all pods' lines in the order of their times.
///
/// # Errors
/// A log that may not be read, or `show`'s.
pub async fn read<E: From<CallError>>(
    api: &ApiServer,
    options: &LogOptions,
    mut show: impl FnMut(&LogLine) -> Result<(), E>,
    sink: &Sink<'_>,
) -> Result<(), E> {
    let namespace = &options.selection.namespace;
    let mut heads = Vec::new();
    for target in
        targets(api, &options.selection).await?.into_iter().filter(|it| has_log(it, options))
    {
        let parameters = options.parameters(&target.container, false, None);
        match api.open_log(namespace, &target.pod, &parameters).await {
            Ok(stream) => heads.push(Head { target, stream, next: None }),
            Err(error) if error.is_lasting() => return Err(error.into()),
            Err(error) => sink.emit(Event::note(error.to_string())),
        }
    }
    for head in &mut heads {
        head.advance(None, sink).await;
    }
    // The pod whose line is the oldest goes first: no log is ever held as a whole.
    while let Some(head) =
        heads.iter_mut().filter(|head| head.next.is_some()).min_by_key(|head| head.time())
    {
        let line = head.next.take();
        let time = line.as_ref().and_then(|line| line.time);
        if let Some(line) = &line {
            show(line)?;
        }
        head.advance(time, sink).await;
    }
    Ok(())
}

/// A container that waits for its first start has no log; one that was not started again has no previous one.
fn has_log(target: &Target, options: &LogOptions) -> bool {
    target.waits.is_none() && (!options.previous || target.restarted)
}

/// One log, and its next line.
struct Head {
    target: Target,
    stream: LogStream,
    next: Option<LogLine>,
}

impl Head {
    fn time(&self) -> Option<Timestamp> {
        self.next.as_ref().and_then(|line| line.time)
    }

    /// Reads the next line; one without a time takes that of the line before.
    async fn advance(&mut self, before: Option<Timestamp>, sink: &Sink<'_>) {
        match self.stream.line().await {
            Ok(line) => {
                self.next = line.map(|text| {
                    let mut line = parsed(&self.target, text);
                    line.time = line.time.or(before);
                    line
                });
            }
            Err(error) => {
                let pod = &self.target.pod;
                sink.emit(Event::note(format!("the log of pod {pod} was cut off: {error}")));
            }
        }
    }
}

/// Takes the node's time off the beginning of a line.
fn parsed(target: &Target, text: String) -> LogLine {
    let (pod, container) = (target.pod.clone(), target.container.clone());
    let timed = text.split_once(' ').and_then(|(time, rest)| Some((time.parse().ok()?, rest)));
    match timed {
        Some((time, rest)) => LogLine { pod, container, time: Some(time), text: rest.to_owned() },
        // An empty line is its time alone.
        None => match text.parse() {
            Ok(time) => LogLine { pod, container, time: Some(time), text: String::new() },
            Err(_) => LogLine { pod, container, time: None, text },
        },
    }
}

/// Follows the logs without end: of the pods that are there, and of those that come.
///
/// # Errors
/// A log that may not be read, pods that may not be listed, or `show`'s.
pub async fn follow<E: From<CallError>>(
    api: &ApiServer,
    options: &LogOptions,
    mut show: impl FnMut(&LogLine) -> Result<(), E>,
    sink: &Sink<'_>,
) -> Result<(), E> {
    let (sender, mut receiver) = mpsc::channel::<Result<LogLine, CallError>>(BUFFERED);
    let mut known = BTreeSet::new();
    let mut readers = JoinSet::new();
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            Some(line) = receiver.recv() => show(&line?)?,
            _ = looks.tick() => {
                let found = match targets(api, &options.selection).await {
                    Ok(found) => found,
                    Err(error) if error.is_lasting() => return Err(error.into()),
                    Err(error) => {
                        sink.emit(Event::note(error.to_string()));
                        continue;
                    }
                };
                for target in found.into_iter().filter(|it| it.waits.is_none()) {
                    if known.insert(target.uid.clone()) {
                        let (api, options, sender) = (api.clone(), options.clone(), sender.clone());
                        readers.spawn(async move { follow_one(&api, &options, target, &sender).await });
                    }
                }
                while readers.try_join_next().is_some() {}
            }
        }
    }
}

/// Follows one container through its restarts and lost connections, until its pod is gone.
async fn follow_one(
    api: &ApiServer,
    options: &LogOptions,
    target: Target,
    lines: &mpsc::Sender<Result<LogLine, CallError>>,
) {
    let namespace = &options.selection.namespace;
    let mut last = Last::default();
    loop {
        let parameters = options.parameters(&target.container, true, last.time);
        match api.open_log(namespace, &target.pod, &parameters).await {
            Ok(mut stream) => {
                // The end of a lost connection and that of a container look alike: both are asked for again.
                let mut known = last.clone();
                while let Ok(Some(text)) = stream.line().await {
                    let line = parsed(&target, text);
                    if known.has_seen(line.time) {
                        continue;
                    }
                    last.note(line.time);
                    if lines.send(Ok(line)).await.is_err() {
                        return;
                    }
                }
            }
            Err(CallError { reason: Reason::NotFound | Reason::NoNamespace(_), .. }) => return,
            Err(error) if error.is_lasting() => {
                let _ = lines.send(Err(error)).await;
                return;
            }
            // Its container is about to be started again, or its node does not answer.
            Err(_) => {}
        }
        sleep(AGAIN).await;
    }
}

/// The last moment of which lines were seen, and how many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Last {
    time: Option<Timestamp>,
    lines: usize,
}

impl Last {
    fn note(&mut self, time: Option<Timestamp>) {
        if time.is_some() && time == self.time {
            self.lines += 1;
        } else if time.is_some() {
            *self = Self { time, lines: 1 };
        }
    }

    /// Returns true for a line of a log that is read again, which was seen before: the API reads moments in whole seconds.
    fn has_seen(&mut self, time: Option<Timestamp>) -> bool {
        match time.cmp(&self.time) {
            _ if time.is_none() => false,
            Ordering::Less => true,
            Ordering::Equal if self.lines > 0 => {
                self.lines -= 1;
                true
            }
            _ => false,
        }
    }
}

/// Numbers pods in the order in which they are seen, for their colours.
#[derive(Debug, Default)]
pub(crate) struct Numbered(BTreeMap<String, usize>);

impl Numbered {
    /// The pod's number.
    pub(crate) fn of(&mut self, pod: &str) -> usize {
        let next = self.0.len();
        *self.0.entry(pod.to_owned()).or_insert(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_read_again_begins_where_it_ended() {
        let at = |second| Some(Timestamp::from_second(second).expect("a time"));
        let mut last = Last::default();
        for time in [at(1), at(2), None, at(2)] {
            assert!(!Last::default().has_seen(time));
            last.note(time);
        }
        let mut again = last.clone();
        let seen = [at(1), at(2), at(2), at(2), None, at(3)].map(|time| again.has_seen(time));
        assert_eq!(seen, [true, true, true, false, false, false]);
    }

    #[test]
    fn the_nodes_time_is_no_part_of_the_line() {
        let target = Target {
            pod: "web-1".into(),
            uid: "u".into(),
            container: "web".into(),
            running: true,
            restarted: false,
            waits: None,
            ready: true,
        };
        for (written, time, text) in [
            ("2026-01-02T03:04:05.123456789Z hello world", true, "hello world"),
            ("2026-01-02T03:04:05.1Z   indented", true, "  indented"),
            ("2026-01-02T03:04:05Z ", true, ""),
            ("2026-01-02T03:04:05Z", true, ""),
            ("unable to retrieve container logs", false, "unable to retrieve container logs"),
            ("", false, ""),
        ] {
            let line = parsed(&target, written.to_owned());
            assert_eq!((line.time.is_some(), line.text.as_str()), (time, text), "{written:?}");
        }
    }
}
