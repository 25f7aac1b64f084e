//! What is decided without a call: the topology, its price, its policies, its template and its pictures.

mod cost;
mod documents;
mod estimate;
mod events;
mod export;
mod overlaps;
mod pictures;
mod policy;
mod topology;
