//! A stack's life: made, found as it should be, changed, changed by hand, repaired, deleted.

mod support;

use skyward_provisioner::simulator::Account;
use support::{Process, aws, simulate};

#[test]
fn apply_makes_what_the_next_plan_finds() {
    simulate(async {
        let account = Account::new(1);
        let process = Process::new(&account, &aws("web"), 1);
        let done = process.apply().await;
        let done = done.unwrap_or_else(|error| panic!("{error}\n{}", process.told()));
        for span in &done.spans {
            println!(
                "{:7.1} {:7.1} {} {}{}",
                span.started.as_secs_f64(),
                span.ended.as_secs_f64(),
                span.action,
                span.id,
                if span.is_critical { " *" } else { "" }
            );
        }
        let plan = process.plan().await.unwrap();
        assert!(plan.is_empty(), "{:#?}", plan.changes);
    });
}
