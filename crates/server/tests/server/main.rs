//! The service as its clients and its supervisor see it: the compiled binary in a process, and raw TCP.

mod deadlines;
mod drain;
mod files;
mod hooks;
mod limits;
mod logs;
mod own_service;
mod requests;
mod routers;
mod start;
mod support;
mod tools;
