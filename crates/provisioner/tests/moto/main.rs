//! The SDK's side against moto, an independent server of AWS's protocols: whether what is sent says what is meant, and
//! whether what is answered is read as it was said.
//!
//! Each test starts a server of its own. What moto does otherwise than AWS stands in [`wrong::MOTO_IS_WRONG`].

mod account;
mod bucket;
mod cycle;
mod database;
mod edge;
mod instances;
mod network;
mod role;
mod routes;
mod server;
mod wire;
mod wrong;
