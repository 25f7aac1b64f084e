//! Ctrl-C and SIGTERM for programs that run on tokio.

use std::io::{self, BufRead, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The pause between looks for a signal while somebody is asked.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// The signals that ask a program to end, heard from the moment at which this is made.
///
/// It is made before the work begins: a signal that comes before anything listens would end the program by itself, or be lost
/// where something else in the program has a handler for it.
#[derive(Debug)]
pub struct Signals(Option<[Signal; 2]>);

impl Signals {
    /// Begins to listen. It is called within a runtime.
    ///
    /// Where the system lets nothing listen for signals, none is ever heard: the signal then ends the program by itself.
    #[must_use]
    pub fn listen() -> Self {
        let both = signal(SignalKind::interrupt()).and_then(|interrupt| {
            signal(SignalKind::terminate()).map(|terminate| [interrupt, terminate])
        });
        Self(both.ok())
    }

    /// Waits for the next Ctrl-C or SIGTERM, and returns its name for messages. No signal is lost between two calls.
    pub async fn next(&mut self) -> &'static str {
        let Some([interrupt, terminate]) = &mut self.0 else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => "Ctrl-C",
            _ = terminate.recv() => "SIGTERM",
        }
    }
}

/// A terminal that somebody types at, until Ctrl-C or SIGTERM: a read that waits for a line is then an error.
///
/// Without it such a read would go on until the end of the line: a program that listens for signals is not ended by one, and what it
/// listens by gets no turn while it reads.
#[derive(Debug)]
pub struct Interruptible<R>(pub R);

impl<R: BufRead + AsFd> BufRead for Interruptible<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        wait(&self.0)?;
        self.0.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.0.consume(count);
    }
}

impl<R: BufRead + AsFd> Read for Interruptible<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        wait(&self.0)?;
        self.0.read(buffer)
    }
}

/// Waits until something can be read, or a signal comes.
fn wait(input: impl AsFd) -> io::Result<()> {
    let is_asked = Arc::new(AtomicBool::new(false));
    let mut heard = Vec::new();
    for signal in [SIGINT, SIGTERM] {
        heard.push(flag::register(signal, Arc::clone(&is_asked))?);
    }
    let waited = loop {
        if is_asked.load(Ordering::Relaxed) {
            // Not `Interrupted`, which readers take as a reason to try again.
            break Err(io::Error::other("interrupted"));
        }
        match poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&LOOK)) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => break Ok(()),
            Err(error) => break Err(error.into()),
        }
    };
    for id in heard {
        low_level::unregister(id);
    }
    waited
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Write};

    use rustix::process::{self, Signal};

    use super::*;

    /// A pipe with a buffer, as standard input has one.
    struct Piped(BufReader<io::PipeReader>);

    impl AsFd for Piped {
        fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
            self.0.get_ref().as_fd()
        }
    }

    impl Read for Piped {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl BufRead for Piped {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            self.0.fill_buf()
        }

        fn consume(&mut self, count: usize) {
            self.0.consume(count);
        }
    }

    #[test]
    fn what_is_typed_is_read_until_a_signal_comes() {
        let (reader, mut writer) = io::pipe().expect("a pipe");
        let mut input = Interruptible(Piped(BufReader::new(reader)));
        let mut line = String::new();
        writer.write_all(b"yes\n").expect("somebody reads");
        input.read_line(&mut line).expect("a line");
        assert_eq!(line, "yes\n");
        let asked = std::thread::spawn(move || input.read_line(&mut String::new()));
        while !asked.is_finished() {
            // Before the reader listens, the handler of the first read takes it.
            process::kill_process(process::getpid(), Signal::INT).expect("ourselves");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let error = asked.join().expect("no panic").expect_err("nothing was typed");
        assert_eq!(error.to_string(), "interrupted");
        drop(writer);
    }
}
