//! The commands in a simulated account: what they do when nothing goes wrong, and when anything does.

mod crash;
mod cycle;
mod left;
mod others;
mod policies;
mod refusals;
mod release;
mod restored;
mod schedules;
mod support;
mod together;
