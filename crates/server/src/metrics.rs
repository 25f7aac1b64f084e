//! The numbers that the service counts: one set a worker, added up when somebody asks.
//!
//! Names and buckets are those of the OpenTelemetry semantic conventions for HTTP servers, in their Prometheus form.

pub(crate) mod histogram;
pub(crate) mod registry;
pub(crate) mod render;

pub(crate) use histogram::Histogram;
pub use registry::{Counter, DurationHistogram, Gauge, Registry};

use crate::clock::Tick;
use crate::progress::Cut;
use axum::http::{Method, StatusCode};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The methods that have a label of their own; every other one is `_OTHER`, so that a client cannot make new series.
const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"];

/// The label of `method`.
pub(crate) fn method_label(method: &Method) -> &'static str {
    METHODS.iter().find(|known| **known == method.as_str()).copied().unwrap_or("_OTHER")
}

/// The labels of one series. No part of it is free text of a client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Series {
    /// [`method_label`]; `_OTHER` also where the request could not be read.
    pub(crate) method: &'static str,
    /// The route's template, never the path; empty where no route matched.
    pub(crate) route: &'static str,
    /// The status that was answered.
    pub(crate) status: StatusCode,
}

thread_local! {
    static WORKER: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Lets this thread count among the numbers of worker number `index`.
pub(crate) fn enter_worker(index: usize) {
    WORKER.set(index);
}

/// The numbers of one worker; in cache lines that no other worker writes to.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct WorkerMetrics {
    durations: Mutex<Vec<(Series, Histogram)>>,
    begun: AtomicU64,
    ended: AtomicU64,
}

impl WorkerMetrics {
    /// A request has come.
    pub(crate) fn begin(&self) {
        self.begun.fetch_add(1, Relaxed);
    }

    /// It has been answered, or its client has left.
    pub(crate) fn end(&self, series: Series, duration: Duration) {
        self.ended.fetch_add(1, Relaxed);
        let mut durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        match durations.iter_mut().find(|(known, _)| *known == series) {
            Some((_, histogram)) => histogram.observe(duration),
            None => durations.push((series, Histogram::of(duration))),
        }
    }

    /// Requests answered so far.
    pub(crate) fn ended(&self) -> u64 {
        self.ended.load(Relaxed)
    }

    fn add_to(&self, total: &mut Vec<(Series, Histogram)>) {
        for (series, histogram) in
            self.durations.lock().unwrap_or_else(PoisonError::into_inner).iter()
        {
            match total.iter_mut().find(|(known, _)| known == series) {
                Some((_, sum)) => sum.add(histogram),
                None => total.push((*series, histogram.clone())),
            }
        }
    }
}

/// The numbers of the whole process. Connections are counted where they are opened and closed.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// One set for each worker, and the last for the accepting thread.
    pub(crate) workers: Vec<WorkerMetrics>,
    /// Connections that are open on the service's port.
    pub(crate) open_connections: AtomicU64,
    /// Connections that were turned away with 503 because as many as allowed were open.
    pub(crate) shed_connections: AtomicU64,
    /// Connections that were closed idle to make room for a new one.
    pub(crate) evicted_connections: AtomicU64,
    /// Requests whose answers did not reach their end, by [`Cut`].
    pub(crate) cut: [AtomicU64; Cut::ALL.len()],
    /// Panics of the application.
    pub(crate) panics: AtomicU64,
    /// Times that the system would not accept a connection (no descriptors, no memory).
    pub(crate) accept_errors: AtomicU64,
    /// When the process started.
    pub(crate) started: Tick,
}

impl Metrics {
    /// Numbers for `workers` workers and the accepting thread.
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            workers: (0..=workers).map(|_| WorkerMetrics::default()).collect(),
            open_connections: AtomicU64::new(0),
            shed_connections: AtomicU64::new(0),
            evicted_connections: AtomicU64::new(0),
            cut: Default::default(),
            panics: AtomicU64::new(0),
            accept_errors: AtomicU64::new(0),
            started: Tick::now(),
        }
    }

    /// Requests answered so far.
    pub(crate) fn answered(&self) -> u64 {
        self.workers.iter().map(WorkerMetrics::ended).sum()
    }

    /// Requests under way.
    pub(crate) fn active(&self) -> u64 {
        // One that ends between the two counts is better missed than counted below zero.
        let ended = self.answered();
        let begun: u64 = self.workers.iter().map(|worker| worker.begun.load(Relaxed)).sum();
        begun.saturating_sub(ended)
    }

    /// The numbers of the worker that runs this.
    pub(crate) fn of_this_thread(&self) -> &WorkerMetrics {
        &self.workers[WORKER.get().min(self.workers.len() - 1)]
    }

    /// A handler, or the body of its answer, has panicked.
    pub(crate) fn note_panic(&self) {
        self.panics.fetch_add(1, Relaxed);
    }

    /// An answer did not reach its end.
    pub(crate) fn note_cut(&self, cut: Cut) {
        self.cut[cut as usize].fetch_add(1, Relaxed);
    }

    /// The durations of all workers together, in the order of their labels.
    pub(crate) fn durations(&self) -> Vec<(Series, Histogram)> {
        let mut total = Vec::new();
        for worker in &self.workers {
            worker.add_to(&mut total);
        }
        total.sort_unstable_by_key(|(series, _)| *series);
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_cannot_invent_a_label() {
        assert_eq!(method_label(&Method::GET), "GET");
        assert_eq!(method_label(&Method::from_bytes(b"get").unwrap()), "_OTHER");
        assert_eq!(method_label(&Method::from_bytes(b"BREW").unwrap()), "_OTHER");
    }

    #[test]
    fn workers_add_up() {
        let metrics = Metrics::new(2);
        let series = Series { method: "GET", route: "/", status: StatusCode::OK };
        for worker in &metrics.workers {
            worker.begin();
            worker.end(series, Duration::from_millis(3));
        }
        metrics.workers[0].begin();
        let durations = metrics.durations();
        assert_eq!((metrics.answered(), metrics.active(), durations.len()), (3, 1, 1));
        assert_eq!(durations[0].1.count(), 3);
    }
}
