//! One line a request on standard output: [`format`](mod@format) writes it, [`writer`] carries it out without
//! ever holding up a worker.

pub(crate) mod batch;
pub(crate) mod escape;
pub(crate) mod format;
pub(crate) mod writer;

pub(crate) use format::{Entry, wants_agent};
pub use writer::Sink;
pub(crate) use writer::{Log, LogWriter};
