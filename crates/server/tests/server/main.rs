//! The service as its clients and its supervisor see it: the compiled binary in a process, and raw TCP.

mod deadlines;
mod drain;
mod limits;
mod logs;
mod requests;
mod start;
mod support;
mod tools;
