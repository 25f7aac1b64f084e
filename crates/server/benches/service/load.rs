//! Clients that ask without pause: a thread a core, each with an event loop over its share of the connections.

use crate::cores;
use crate::process::REQUEST;
use anyhow::{Context as _, Result, bail};
use rustix::event::epoll;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Answers that came, the time it took, and the slowest hundredth.
pub(crate) struct Load {
    pub(crate) answers: u64,
    pub(crate) seconds: f64,
    pub(crate) p99: Duration,
}

impl Load {
    pub(crate) fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let answers = self.answers as f64;
        answers / self.seconds
    }
}

/// Connections that are open and idle.
pub(crate) struct Clients(Vec<TcpStream>);

impl Clients {
    pub(crate) fn connect(address: SocketAddr, count: usize) -> Result<Self> {
        let open = || -> std::io::Result<TcpStream> {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            Ok(stream)
        };
        (0..count).map(|_| open()).collect::<Result<_, _>>().map(Self).context("cannot connect")
    }

    /// Asks on all connections for `duration`; each waits for its answer before it asks again.
    pub(crate) fn run(&self, duration: Duration) -> Result<Load> {
        let start = Instant::now();
        let share = self.0.len().div_ceil(cores::of_load());
        let results: Vec<Result<Vec<u32>>> = std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .0
                .chunks(share)
                .map(|streams| scope.spawn(move || ask(streams, start + duration)))
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("does not panic")).collect()
        });
        let mut latencies = Vec::new();
        for result in results {
            latencies.extend(result?);
        }
        let seconds = start.elapsed().as_secs_f64();
        let answers = latencies.len() as u64;
        if latencies.is_empty() {
            bail!("nothing was answered");
        }
        let rank = latencies.len() * 99 / 100;
        let (_, p99, _) = latencies.select_nth_unstable(rank);
        Ok(Load { answers, seconds, p99: Duration::from_micros(u64::from(*p99)) })
    }
}

/// The latencies in microseconds. At the end, what was asked is waited for, so that the connections can be used again.
fn ask(streams: &[TcpStream], end: Instant) -> Result<Vec<u32>> {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut asked = Vec::with_capacity(streams.len());
    for (index, mut stream) in streams.iter().enumerate() {
        epoll::add(&poll, stream, epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN)?;
        stream.write_all(REQUEST)?;
        asked.push(Instant::now());
    }
    let mut latencies = Vec::with_capacity(1 << 16);
    let mut waiting = streams.len();
    let mut buffer = [0; 2_048];
    let mut events = Vec::with_capacity(256);
    while waiting > 0 {
        events.clear();
        let patience = rustix::event::Timespec { tv_sec: 10, tv_nsec: 0 };
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), Some(&patience))?;
        if events.is_empty() {
            bail!("no answer for ten seconds");
        }
        for event in &events {
            let index = usize::try_from(event.data.u64())?;
            let mut stream = &streams[index];
            let read = stream.read(&mut buffer)?;
            // All programs answer in one piece; another one would end this run, and not count as more.
            if !buffer[..read].starts_with(b"HTTP/1.1 200")
                || !buffer[..read].ends_with(b"Hello, World!")
            {
                bail!("an answer is not the page: {}", buffer[..read].escape_ascii());
            }
            let now = Instant::now();
            latencies.push(u32::try_from((now - asked[index]).as_micros()).unwrap_or(u32::MAX));
            if now < end {
                stream.write_all(REQUEST)?;
                asked[index] = now;
            } else {
                waiting -= 1;
            }
        }
    }
    Ok(latencies)
}
