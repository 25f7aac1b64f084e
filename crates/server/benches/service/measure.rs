//! What is measured, and in which order.

use crate::load::{Clients, Load};
use crate::process::Running;
use crate::programs::Program;
use anyhow::Result;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::Path;
use std::time::Duration;

/// Rounds in which each program is loaded once.
const ROUNDS: usize = 25;
const ROUND: Duration = Duration::from_millis(300);
/// How long many connections ask before memory is looked at.
const CROWDED: Duration = Duration::from_secs(1);
/// Before a program's first measured answer: caches, and buffers that grow once.
const WARM_UP: Duration = Duration::from_millis(50);
/// Connections under load.
const CONNECTIONS: usize = 64;
/// Connections for the memory's measurement.
const MANY: usize = 1_000;
/// Starts that are timed.
const STARTS: usize = 9;

/// One round of one program.
pub(crate) struct Round {
    pub(crate) per_second: f64,
    pub(crate) p99: Duration,
    /// Processor time of the server for one answer, in microseconds.
    pub(crate) processor: f64,
}

/// All of one program.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) rounds: Vec<Round>,
    /// Bytes after the first answer.
    pub(crate) idle: u64,
    /// Bytes while [`MANY`] connections ask.
    pub(crate) crowded: Option<u64>,
    /// From start to first answer; the median.
    pub(crate) start: Duration,
}

/// The connections of the measurement and of the load generator must fit.
pub(crate) fn raise_limit() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// Measures all `programs`.
pub(crate) fn all(programs: &[Program], folder: &Path) -> Result<Vec<Measured>> {
    let mut results = Vec::new();
    for program in programs {
        eprintln!("{}: start and memory …", program.name);
        let starts: Vec<Duration> = (0..STARTS)
            .map(|_| program.start(folder).map(|running| running.first_answer))
            .collect::<Result<_>>()?;
        let (idle, crowded) = memory(program, folder)?;
        results.push(Measured {
            name: program.name,
            rounds: Vec::new(),
            idle,
            crowded,
            start: median(starts),
        });
    }
    eprintln!("{ROUNDS} rounds of load …");
    // All of them run the whole time; those whose turn it is not are idle.
    let running: Vec<Running> =
        programs.iter().map(|program| program.start(folder)).collect::<Result<_>>()?;
    for _ in 0..ROUNDS {
        for (running, result) in running.iter().zip(&mut results) {
            result.rounds.push(load(running)?);
        }
    }
    Ok(results)
}

fn memory(program: &Program, folder: &Path) -> Result<(u64, Option<u64>)> {
    let running = program.start(folder)?;
    let idle = running.resident()?;
    let crowded = || -> Result<u64> {
        let clients = Clients::connect(running.address, MANY)?;
        clients.run(CROWDED)?;
        // They are all still open.
        running.resident()
    };
    let crowded = crowded()
        .inspect_err(|error| eprintln!("{}, {MANY} connections: {error:#}", program.name))
        .ok();
    Ok((idle, crowded))
}

fn load(running: &Running) -> Result<Round> {
    let clients = Clients::connect(running.address, CONNECTIONS)?;
    clients.run(WARM_UP)?;
    let before = running.processor_time()?;
    let load = clients.run(ROUND)?;
    let used = running.processor_time()?.saturating_sub(before);
    let Load { answers, p99, .. } = load;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let processor = used.as_secs_f64() * 1e6 / answers as f64;
    Ok(Round { per_second: load.per_second(), p99, processor })
}

/// The middle one.
pub(crate) fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|left, right| left.partial_cmp(right).expect("numbers"));
    values[values.len() / 2]
}
