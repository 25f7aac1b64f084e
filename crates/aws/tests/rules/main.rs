//! The rules of AWS that the simulator keeps: one rule, one test.

mod balancer;
mod buckets;
mod database;
mod gateways;
mod instances;
mod invariants;
mod network;
mod process;
mod scale;
mod service;
mod stack;

use std::future::Future;

use skyward_aws::STACK_TAG;
use skyward_aws::model::Tags;
use skyward_aws::simulated::{Account, Client, Faults};
use skyward_aws::{ApiError, Call, send};

/// Runs in a runtime whose time is paused: it passes where everyone waits.
fn simulate<T>(run: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(run)
}

/// The tags of a stack.
fn tags(stack: &str) -> Tags {
    Tags::from([(STACK_TAG.to_owned(), stack.to_owned())])
}

/// A client that always sees the newest state.
fn client(account: &Account) -> Client {
    account.client().with_faults(Faults { lag: 0.0, ..Default::default() })
}

async fn code<C: Call>(client: &Client, call: C) -> String
where
    C::Output: std::fmt::Debug,
{
    let error: ApiError = send(client, call).await.unwrap_err();
    error.code
}
