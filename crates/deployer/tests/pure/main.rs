//! What decides without a cluster: plans, differences, calls and the lock against scripted API servers in simulated time.

mod calls;
mod compare;
mod lock;
mod plan;
mod scripted;
mod text;
