//! Random schedules: throttling, faults of AWS, lag, failing gateways, slow databases, processes that die anywhere, again and
//! again; the last run has none of that, and everything must be as it should be then, once.

use std::collections::BTreeSet;

use skyward_aws::Random;
use skyward_aws::simulated::{Account, Faults};
use skyward_config::Aws;
use skyward_testkit::sample::sample;

use crate::support::{Process, aws, duplicates, of_stack, simulate};

fn faults(random: &Random) -> Faults {
    let pick = |most: u64| random.next() % most;
    let often = |most: f64| if random.unit() < 0.5 { 0.0 } else { random.unit() * most };
    Faults {
        kill_before: (pick(4) == 0).then(|| 1 + pick(400)),
        kill_after: (pick(4) == 0).then(|| 1 + pick(400)),
        drop_answer: (0..pick(4)).map(|_| 1 + pick(400)).collect::<BTreeSet<u64>>(),
        throttle: often(0.3),
        internal_error: often(0.15),
        delay: std::time::Duration::from_millis(pick(3) * 150),
        lag: [0.0, 1.0, 1.0, 2.0][usize::try_from(pick(4)).unwrap()],
        nat_fails: (0..pick(2)).map(|_| 1 + u32::try_from(pick(4)).unwrap()).collect(),
        database_minutes: (pick(10) == 0).then_some(40),
        ..Faults::default()
    }
}

/// One of the variants of the topology.
fn variant(random: &Random) -> Aws {
    let coin = || random.next().is_multiple_of(2);
    let certificate = "arn:aws:acm:eu-central-1:123456789012:certificate/1";
    Aws {
        single_nat_gateway: coin(),
        certificate: coin().then(|| certificate.into()),
        logs: coin(),
        max_instances: if coin() { 3 } else { 6 },
        ..aws("web")
    }
}

/// The number of schedules, each from a seed.
const SCHEDULES: u64 = 150;

async fn schedule(seed: u64) -> Result<(), String> {
    let random = Random::new(seed);
    let account = Account::new(seed);
    let aws = variant(&random);
    for run in 0..random.next() % 4 {
        let mut process = Process::new(&account, &aws, seed * 10 + run);
        process.client = account.client().with_faults(faults(&random));
        if random.next().is_multiple_of(5) {
            Box::pin(process.until_killed(process.destroy())).await;
        } else {
            Box::pin(process.until_killed(process.apply())).await;
        }
    }
    let last = Process::new(&account, &aws, seed);
    last.apply().await.map_err(|error| format!("{error}\n{}", last.told()))?;
    let doubled = duplicates(&account, "web");
    if !doubled.is_empty() {
        return Err(format!("twice: {doubled:?}"));
    }
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    let plan =
        Process::new(&account, &aws, seed).plan().await.map_err(|error| error.to_string())?;
    if !plan.is_empty() {
        return Err(format!("not as it should be: {:?}", plan.changes));
    }
    let end = Process::new(&account, &aws, seed);
    end.destroy().await.map_err(|error| format!("{error}\n{}", end.told()))?;
    let left = of_stack(&account, "web");
    if left.is_empty() { Ok(()) } else { Err(format!("left: {left:?}")) }
}

#[test]
fn whatever_happens_the_next_run_ends_where_it_should() {
    let seeds = sample("schedules", 0..SCHEDULES, 12);
    let ends =
        |seed: &u64| simulate(schedule(*seed)).err().map(|why| format!("seed {seed}: {why}"));
    let wrong: Vec<String> = seeds.iter().filter_map(ends).collect();
    println!("{} of {SCHEDULES} schedules, {} did not end well", seeds.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
