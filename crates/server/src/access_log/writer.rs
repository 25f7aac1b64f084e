//! Buffers, one a worker, and the one thread that writes them out.
//!
//! A worker only appends to memory. The writer wakes when a first line arrives, waits `FLUSH_EVERY` for more
//! (or until a buffer holds `FLUSH_AT`) and writes everything, in the order in which it happened. When
//! standard output does not take it (a stuck pipe), the buffers fill up to `BUFFER_CAP` and further lines are
//! dropped and counted; when it is closed, lines are dropped from then on. Requests are answered in either
//! case.

use super::batch::{self, Batch};
use super::format::{Entry, Stamp};
use crate::clock::Tick;
use crate::lifecycle::Essential;
use skyward_config::LogFormat;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

/// The longest a line waits before it is written.
const FLUSH_EVERY: Duration = Duration::from_millis(100);
/// Bytes in one buffer that end the wait early.
const FLUSH_AT: usize = 32 * 1024;
/// Bytes that one buffer may hold; lines beyond it are dropped and counted.
const BUFFER_CAP: usize = 512 * 1024;
/// The pause before a write is tried again on an output that is non-blocking and full.
const RETRY_AFTER: Duration = Duration::from_millis(5);

/// The destination of the lines: standard output, or a buffer in a test.
pub type Sink = Box<dyn Write + Send>;

#[derive(Debug, Default)]
struct State {
    /// A line was appended since the writer last looked.
    armed: AtomicBool,
    /// No more lines come: write what there is and end.
    closing: AtomicBool,
    /// The output is gone.
    broken: AtomicBool,
    dropped: AtomicU64,
}

#[derive(Debug)]
struct Lines {
    batch: Batch,
    stamp: Stamp,
}

/// One worker's end of the log; in cache lines that no other worker writes to.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Log {
    lines: Mutex<Lines>,
    state: Arc<State>,
    writer: Thread,
}

impl Log {
    /// Appends the line of `entry`, which ended `now`.
    pub(crate) fn record(&self, now: Tick, entry: &Entry<'_>) {
        self.append(now, |bytes, stamp| stamp.append(now, entry, bytes));
    }

    /// Appends a line of the service's own.
    pub(crate) fn notice(&self, line: &str) {
        self.append(Tick::now(), |bytes, _| {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        });
    }

    /// Lines of all logs that were lost because the output did not take them.
    pub(crate) fn dropped(&self) -> u64 {
        self.state.dropped.load(Relaxed)
    }

    fn append(&self, now: Tick, write: impl FnOnce(&mut Vec<u8>, &mut Stamp)) {
        if self.state.broken.load(Relaxed) {
            self.state.dropped.fetch_add(1, Relaxed);
            return;
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let Lines { batch, stamp } = &mut *lines;
        let before = batch.len();
        if before >= BUFFER_CAP {
            self.state.dropped.fetch_add(1, Relaxed);
            return;
        }
        batch.add(now, |bytes| write(bytes, stamp));
        let filled = before < FLUSH_AT && batch.len() >= FLUSH_AT;
        drop(lines);
        if filled || (!self.state.armed.load(Relaxed) && !self.state.armed.swap(true, Relaxed)) {
            self.writer.unpark();
        }
    }
}

/// The writing thread, and the end from which it is stopped.
#[derive(Debug)]
pub(crate) struct LogWriter {
    logs: Vec<Arc<Log>>,
    state: Arc<State>,
    writer: Thread,
    ended: Receiver<()>,
}

impl LogWriter {
    /// Starts the thread; there are `count` logs to append to.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(crate) fn start(count: usize, format: LogFormat, sink: Sink) -> io::Result<Self> {
        let state = Arc::new(State::default());
        let (hand_over, logs) = sync_channel::<Vec<Arc<Log>>>(1);
        let (end, ended) = sync_channel(1);
        let of_thread = Arc::clone(&state);
        let thread = thread::Builder::new().name("log".into()).spawn(move || {
            let _essential = Essential;
            if let Ok(logs) = logs.recv() {
                Writing::new(logs, of_thread, sink).run(&end);
            }
        })?;
        let writer = thread.thread().clone();
        let logs: Vec<_> = (0..count)
            .map(|_| {
                let lines =
                    Mutex::new(Lines { batch: Batch::default(), stamp: Stamp::new(format) });
                Arc::new(Log { lines, state: Arc::clone(&state), writer: writer.clone() })
            })
            .collect();
        // The thread waits for exactly this; it cannot have ended.
        let _ = hand_over.send(logs.clone());
        Ok(Self { logs, state, writer, ended })
    }

    /// The log number `index`.
    pub(crate) fn log(&self, index: usize) -> Arc<Log> {
        Arc::clone(&self.logs[index])
    }

    /// Writes what is buffered and ends the thread; gives up after `patience` (a stuck pipe must not keep the
    /// process alive).
    pub(crate) fn close(&self, patience: Duration) {
        self.state.closing.store(true, Relaxed);
        self.writer.unpark();
        let _ = self.ended.recv_timeout(patience);
    }
}

struct Writing {
    logs: Vec<Arc<Log>>,
    state: Arc<State>,
    sink: Sink,
    /// The lines that were taken from each log.
    taken: Vec<Batch>,
    merged: Vec<u8>,
}

impl Writing {
    fn new(logs: Vec<Arc<Log>>, state: Arc<State>, sink: Sink) -> Self {
        let taken = logs.iter().map(|_| Batch::default()).collect();
        Self { logs, state, sink, taken, merged: Vec::new() }
    }

    fn run(mut self, end: &SyncSender<()>) {
        loop {
            while !self.state.armed.load(Relaxed) && !self.state.closing.load(Relaxed) {
                thread::park();
            }
            let closing = self.state.closing.load(Relaxed);
            if !closing && !self.any_full() {
                thread::park_timeout(FLUSH_EVERY);
            }
            // Disarmed before the buffers are emptied: a line that comes later arms again.
            self.state.armed.swap(false, Relaxed);
            self.flush();
            if closing {
                let _ = end.send(());
                return;
            }
        }
    }

    fn any_full(&self) -> bool {
        self.logs.iter().any(|log| {
            log.lines.lock().unwrap_or_else(PoisonError::into_inner).batch.len() >= FLUSH_AT
        })
    }

    fn flush(&mut self) {
        for (log, taken) in self.logs.iter().zip(&mut self.taken) {
            let mut lines = log.lines.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut lines.batch, taken);
        }
        batch::merge(&self.taken, &mut self.merged);
        let lost = self.write_merged();
        self.state.dropped.fetch_add(u64::try_from(lost).unwrap_or(u64::MAX), Relaxed);
        self.merged.clear();
        self.merged.shrink_to(2 * FLUSH_AT);
        self.taken.iter_mut().for_each(|batch| batch.clear(2 * FLUSH_AT));
    }

    /// Writes what was merged; how many of its lines were lost.
    fn write_merged(&mut self) -> usize {
        let mut rest = &self.merged[..];
        while !rest.is_empty() && !self.state.broken.load(Relaxed) {
            match self.sink.write(rest) {
                Ok(0) => self.state.broken.store(true, Relaxed),
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    thread::sleep(RETRY_AFTER);
                }
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    self.state.broken.store(true, Relaxed);
                }
                // A full disk may have room again: these lines are lost, later ones are tried.
                Err(_) => break,
            }
        }
        let _ = self.sink.flush();
        memchr::memchr_iter(b'\n', rest).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    struct ToChannel(mpsc::Sender<Vec<u8>>);

    impl Write for ToChannel {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0
                .send(bytes.to_vec())
                .map(|()| bytes.len())
                .map_err(|_| io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A pipe that nobody reads.
    struct Stuck(mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_come_out_whole_and_in_order() {
        let (sender, written) = mpsc::channel();
        let writer = LogWriter::start(1, LogFormat::Default, Box::new(ToChannel(sender))).unwrap();
        let log = writer.log(0);
        let expected: String =
            (0..10_000).map(|number| format!("line {number}")).collect::<Vec<_>>().join("\n")
                + "\n";
        expected.lines().for_each(|line| log.notice(line));
        writer.close(Duration::from_secs(10));
        let all: Vec<u8> = written.try_iter().flatten().collect();
        assert_eq!(String::from_utf8(all).unwrap(), expected);
        assert_eq!(log.dropped(), 0);
    }

    #[test]
    fn a_line_is_written_without_another_one() {
        let (sender, written) = mpsc::channel();
        let writer = LogWriter::start(2, LogFormat::Default, Box::new(ToChannel(sender))).unwrap();
        for round in 0..3 {
            writer.log(round % 2).notice("alone");
            assert_eq!(written.recv_timeout(Duration::from_secs(10)).unwrap(), b"alone\n");
        }
    }

    #[test]
    fn a_stuck_output_costs_lines_and_never_a_worker() {
        let (release, stuck) = mpsc::channel();
        let writer = LogWriter::start(1, LogFormat::Default, Box::new(Stuck(stuck))).unwrap();
        let log = writer.log(0);
        let line = "x".repeat(1_000);
        (0..2_000).for_each(|_| log.notice(&line));
        assert!(log.dropped() > 0, "the buffer is bounded");
        writer.close(Duration::from_millis(10));
        drop(release);
    }

    #[test]
    fn a_closed_output_ends_the_log_only() {
        let (sender, written) = mpsc::channel();
        drop(written);
        let writer = LogWriter::start(1, LogFormat::Default, Box::new(ToChannel(sender))).unwrap();
        let log = writer.log(0);
        let mut said = 0;
        while log.dropped() == 0 {
            log.notice("into the void");
            said += 1;
            thread::sleep(Duration::from_millis(1));
        }
        writer.close(Duration::from_secs(10));
        assert_eq!(log.dropped(), said, "those that were on their way are lost too");
    }
}
