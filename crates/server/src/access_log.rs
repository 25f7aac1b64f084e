//! One line a request on standard output: [`format`](mod@format) writes it, [`writer`] carries it out without
//! ever holding up a worker.

pub mod batch;
pub mod escape;
pub mod format;
pub mod writer;

pub use format::{Entry, LogFormat};
pub use writer::{Log, LogWriter, Sink};
