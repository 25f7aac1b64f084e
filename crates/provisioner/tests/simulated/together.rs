//! Two applies at once make one stack.

use std::time::Duration;

use skyward_aws::simulated::{Account, Faults};
use skyward_testkit::sample::sample;

use crate::support::{Process, aws, duplicates, of_stack, simulate};

/// The number of pairs, each from a seed.
const PAIRS: u64 = 120;

/// Two processes, the second begins a while after the first; then one more that repairs what is left to repair.
async fn together(seed: u64) -> Result<(), String> {
    let account = Account::new(seed);
    let aws = aws("web");
    let first = Process::new(&account, &aws, seed * 2);
    let mut second = Process::new(&account, &aws, seed * 2 + 1);
    // Every third pair has a slow member.
    if seed.is_multiple_of(3) {
        let faults = Faults { delay: Duration::from_millis(seed % 7 * 100), ..Faults::default() };
        second.client = account.client().with_faults(faults);
    }
    // Close together, where it matters; and minutes apart.
    let late = Duration::from_millis(if seed.is_multiple_of(2) {
        seed * 37 % 4000
    } else {
        seed * 7919 % 900_000
    });
    let (one, other) = tokio::join!(first.apply(), async {
        tokio::time::sleep(late).await;
        second.apply().await
    });
    let mut failed = Vec::new();
    for (name, ended, process) in [("first", one, &first), ("second", other, &second)] {
        if let Err(error) = ended {
            failed.push(format!("the {name} ended with {error}: {}", process.told()));
        }
    }
    if !failed.is_empty() {
        return Err(failed.join("; "));
    }
    let doubled = duplicates(&account, "web");
    if !doubled.is_empty() {
        return Err(format!("twice: {doubled:?}"));
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    let plan =
        Process::new(&account, &aws, seed).plan().await.map_err(|error| error.to_string())?;
    if !plan.is_empty() {
        return Err(format!("not as it should be: {:?}", plan.changes));
    }
    Process::new(&account, &aws, seed).destroy().await.map_err(|error| error.to_string())?;
    let left = of_stack(&account, "web");
    if left.is_empty() { Ok(()) } else { Err(format!("orphans: {left:?}")) }
}

#[test]
fn two_applies_at_once_make_one_stack() {
    let seeds = sample("pairs of applies", 0..PAIRS, 12);
    let ends =
        |seed: &u64| simulate(together(*seed)).err().map(|why| format!("seed {seed}: {why}"));
    let wrong: Vec<String> = seeds.iter().filter_map(ends).collect();
    let (met, wrong_count) = (seeds.len(), wrong.len());
    println!("{met} of {PAIRS} pairs of applies, {wrong_count} did not end as one stack");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
