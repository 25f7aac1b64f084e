//! What decides without a cluster: plans, calls and the lock against scripted API servers in simulated time.

mod calls;
mod delivery;
mod events;
mod lock;
mod plan;
mod scripted;
