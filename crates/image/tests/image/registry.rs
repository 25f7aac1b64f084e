//! References, credentials, pushing and reading, against a registry that a script commands and against real ones.

mod auth;
mod cancel;
mod command;
mod credentials;
mod faults;
mod push;
mod read;
mod real;
mod reference;
mod retry;
mod secondary;
mod trouble;
