//! A stack's life: made, found as it should be, changed, changed by hand, repaired, deleted.

mod support;

use skyward_provisioner::simulator::Account;
use support::{Process, aws, of_stack, simulate};

#[test]
fn apply_makes_what_the_next_plan_finds() {
    for seed in 0..200 {
        simulate(async {
            let account = Account::new(seed);
            let process = Process::new(&account, &aws("web"), seed);
            let begun = tokio::time::Instant::now();
            let done = process.apply().await;
            let took = begun.elapsed().as_secs_f64();
            let done = done.unwrap_or_else(|error| panic!("{seed} {error}\n{}", process.told()));
            let critical: f64 = done.spans.iter().filter(|span| span.is_critical).map(|span| (span.ended - span.started).as_secs_f64()).sum();
            let calls = account.calls();
            let plan = process.plan().await.unwrap();
            let plan_calls = account.calls() - calls;
            if !plan.is_empty() { println!("{seed} NOT EMPTY {:?}", plan.changes) }
            let begun = tokio::time::Instant::now();
            let destroyed = process.destroy().await;
            println!("{seed}: {took:.1} {critical:.1} {:.4} calls {calls}, plan {plan_calls}, destroy {:.1} {}", took / critical, begun.elapsed().as_secs_f64(), account.calls() - plan_calls - calls);
            destroyed.unwrap_or_else(|error| panic!("{seed} {error}\n{}", process.told()));
            let left = of_stack(&account, "web");
            assert!(left.is_empty(), "{seed} {left:?}");
        });
    }
}
