//! The SDK's side: against moto, an independent server of AWS's protocols, whether what is sent says what is meant, and whether what is
//! answered is read as it was said; and against servers that answer nothing of use.
//!
//! The tests that run at once share a moto. [`wrong::MOTO_IS_WRONG`] lists what it does otherwise than AWS.

mod account;
mod answers;
mod bucket;
mod cycle;
mod database;
mod documented;
mod ec2;
mod edge;
#[path = "../serving/image.rs"]
mod image;
mod instances;
mod network;
mod proxy;
mod query;
mod recorder;
mod released;
mod role;
mod routes;
mod server;
mod wire;
mod wrong;
