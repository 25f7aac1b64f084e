//! What AWS's limits do to time: many stacks at once in one simulated account, under the real token buckets, applied from one
//! machine. `cargo run --release -p skyward-provisioner --no-default-features --example stacks [MOST]` prints a table.

use std::time::Instant;

use futures_util::future::join_all;
use skyward_aws::simulated::{Account, Settings};
use skyward_config::Aws;
use skyward_provisioner::event::Event;
use skyward_provisioner::limits::Limits;
use skyward_provisioner::run::{self, Context, RunError};

/// Simulated seconds, calls, and what failed.
async fn stacks(count: usize) -> (f64, u64, Vec<RunError>) {
    let account = Account::new(1);
    let times = i64::try_from(count).unwrap_or(i64::MAX);
    account.configure(|settings| {
        *settings = Settings { page_size: 100, ..settings.clone().with_quotas_times(times) };
    });
    let (limits, begun) = (Limits::default(), tokio::time::Instant::now());
    let applies = (0..count).map(|number| {
        let (account, limits) = (account.clone(), limits.clone());
        async move {
            let aws = Aws { name: format!("stack-{number}"), ..Aws::default() };
            let (client, ignore) = (account.client(), |_: Event| {});
            let mut context =
                Context::new(&client, &aws, include_str!("../../../infra/user-data.sh"), &ignore);
            (context.limits, context.settings.seed) = (limits, number as u64);
            run::apply(&context, &|_| true).await.err()
        }
    });
    let failed = join_all(applies).await.into_iter().flatten().collect();
    (begun.elapsed().as_secs_f64(), account.calls(), failed)
}

fn main() {
    let most: usize = std::env::args().nth(1).and_then(|most| most.parse().ok()).unwrap_or(1000);
    println!("| stacks at once | simulated minutes | calls a stack | failed | real seconds |");
    println!("|---:|---:|---:|---:|---:|");
    for count in [1, 10, 100, 1000].into_iter().filter(|count| *count <= most) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build().expect("a runtime");
        let begun = Instant::now();
        let (seconds, calls, failed) = runtime.block_on(stacks(count));
        println!(
            "| {count} | {:.1} | {} | {} | {:.1} |",
            seconds / 60.0,
            calls / count as u64,
            failed.len(),
            begun.elapsed().as_secs_f64()
        );
        for error in failed.iter().take(3) {
            eprintln!("{error}");
        }
    }
}
