//! Half of the cores for the program under measurement, half for the load: else the load's own cost hides the
//! difference between two servers.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Who runs on which cores. With a single core both share it.
#[derive(Clone, Copy)]
pub(crate) enum Side {
    Server,
    Load,
}

/// Moves this thread, and what it starts from now on, to its side.
pub(crate) fn enter(side: Side) {
    let all = CORES.get_or_init(available);
    let half = all.len() / 2;
    let mine = match side {
        _ if half == 0 => &all[..],
        Side::Load => &all[..half],
        Side::Server => &all[half..],
    };
    let mut set = CpuSet::new();
    for core in mine {
        set.set(*core);
    }
    // Without the right to choose, everything runs everywhere; the ratios get noisier.
    let _ = sched_setaffinity(None, &set);
}

/// How many cores the load has.
pub(crate) fn of_load() -> usize {
    (CORES.get_or_init(available).len() / 2).max(1)
}

/// How many cores a program has.
pub(crate) fn of_server() -> usize {
    let all = CORES.get_or_init(available).len();
    all - all / 2
}

static CORES: std::sync::OnceLock<Vec<usize>> = std::sync::OnceLock::new();

fn available() -> Vec<usize> {
    let set = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
    (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect()
}
