//! A process that dies, or loses an answer, at every call of a release: the next run ends with the good version or the wanted one.

use skyward_aws::Random;
use skyward_aws::simulated::{Account, Faults};
use skyward_provisioner::plan::Action;
use skyward_provisioner::run::RunError;
use skyward_testkit::sample::sample;

use super::{set, versions};
use crate::crash::{Accident, SAMPLE, at_every_call, faults, resources};
use crate::support::{Process, of_stack, release, service, simulate};

/// What is interrupted.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Apply,
    Upgrade,
    Bad,
    Rollback,
    Destroy,
}

const BAD: &str = "bad";

fn process(account: &Account, phase: Phase, seed: u64) -> Process {
    let process = Process::new(account, &service("web"), seed);
    match phase {
        Phase::Upgrade => process.releasing("2"),
        Phase::Bad => process.releasing(BAD),
        _ => process,
    }
}

/// Carries the phase out. A release that never gets healthy is told of, and that is its good end.
async fn run(process: &Process, phase: Phase) -> Result<(), String> {
    let done = match phase {
        Phase::Apply | Phase::Upgrade | Phase::Bad => process.apply().await,
        Phase::Rollback => process.rollback(Some(1)).await,
        Phase::Destroy => process.destroy().await,
    };
    match (phase, done) {
        (Phase::Bad, Err(error @ RunError::Failed { .. })) => {
            let told = process.told();
            if told.contains("never got healthy") {
                Ok(())
            } else {
                Err(format!("{error}\n{told}"))
            }
        }
        (Phase::Bad, done) => Err(format!("{done:?}")),
        (_, Ok(_)) => Ok(()),
        (_, Err(error)) => Err(format!("{error}\n{}", process.told())),
    }
}

/// The account before the phase, and how many calls it makes where nothing goes wrong.
fn undisturbed(phase: Phase) -> (serde_json::Value, u64, Vec<String>) {
    simulate(async {
        let account = Account::new(7);
        let bad = release(BAD).digest().to_owned();
        account.configure(|settings| {
            settings.unhealthy_releases.insert(bad);
        });
        if phase != Phase::Apply {
            Process::new(&account, &service("web"), 1).apply().await.unwrap();
        }
        if phase == Phase::Rollback {
            Process::new(&account, &service("web"), 1).releasing("2").apply().await.unwrap();
        }
        let before = account.state();
        let process = process(&account, phase, 2);
        run(&process, phase).await.unwrap();
        (before, process.client.calls(), resources(&account))
    })
}

async fn interrupted(
    phase: Phase,
    before: serde_json::Value,
    after: &[String],
    (call, accident): (u64, Accident),
) -> Result<(), String> {
    let account = Account::restore(before).map_err(|error| error.to_string())?;
    let mut first = process(&account, phase, 2);
    first.client = account.client().with_faults(faults(accident, call));
    let ended = Box::pin(first.until_killed(run(&first, phase))).await;
    if let (Accident::NoAnswer, Some(Err(error))) = (accident, ended) {
        return Err(format!("a lost answer ends the run: {error}"));
    }
    drop(first);
    let second = process(&account, phase, 3);
    run(&second, phase).await?;
    let found = resources(&account);
    if found != after {
        return Err(format!("{found:?}"));
    }
    let expected = match phase {
        Phase::Apply | Phase::Bad | Phase::Rollback => "1",
        Phase::Upgrade => "2",
        Phase::Destroy => return Ok(()),
    };
    let versions = versions(&account);
    if versions != (set(expected), 3, expected.into()) {
        return Err(format!("{versions:?}"));
    }
    if matches!(phase, Phase::Apply | Phase::Upgrade) {
        let plan = second.plan().await.map_err(|error| error.to_string())?;
        if plan.changes.iter().any(|change| change.action != Action::Wait) {
            return Err(format!("not as it should be: {:?}", plan.changes));
        }
    }
    Ok(())
}

fn every_call(phase: Phase) {
    let (before, calls, after) = undisturbed(phase);
    at_every_call(&format!("release {phase:?}"), calls, SAMPLE / 2, |one| {
        simulate(interrupted(phase, before.clone(), &after, one))
    });
}

#[test]
fn a_release_survives_every_call() {
    every_call(Phase::Apply);
}

#[test]
fn an_upgrade_survives_every_call() {
    every_call(Phase::Upgrade);
}

#[test]
fn the_way_back_from_a_bad_release_survives_every_call() {
    every_call(Phase::Bad);
}

#[test]
fn a_rollback_survives_every_call() {
    every_call(Phase::Rollback);
}

#[test]
fn the_end_of_a_service_survives_every_call() {
    every_call(Phase::Destroy);
}

/// The number of schedules, each from a seed.
const SCHEDULES: u64 = 100;

/// Releases, good ones and bad ones, and ways back, with accidents; the last one has none.
async fn schedule(seed: u64) -> Result<(), String> {
    let random = Random::new(seed);
    let pick = |most: u64| random.next() % most;
    let account = Account::new(seed);
    let bad = release(BAD).digest().to_owned();
    account.configure(|settings| {
        settings.unhealthy_releases.insert(bad);
    });
    for number in 0..=pick(4) {
        let mut one = Process::new(&account, &service("web"), seed * 10 + number);
        one.client = account.client().with_faults(Faults {
            kill_before: (pick(3) == 0).then(|| 1 + pick(400)),
            kill_after: (pick(3) == 0).then(|| 1 + pick(400)),
            drop_answer: (0..pick(4)).map(|_| 1 + pick(400)).collect(),
            throttle: if pick(2) == 0 { 0.0 } else { random.unit() * 0.2 },
            internal_error: if pick(2) == 0 { 0.0 } else { random.unit() * 0.1 },
            lag: [0.0, 1.0, 2.0][usize::try_from(pick(3)).unwrap()],
            ..Faults::default()
        });
        match pick(6) {
            0 => drop(Box::pin(one.until_killed(one.rollback(None))).await),
            1 => drop(Box::pin(one.until_killed(one.destroy())).await),
            2 => {
                let one = one.releasing(BAD);
                drop(Box::pin(one.until_killed(one.apply())).await);
            }
            _ => {
                let one = one.releasing(&number.to_string());
                drop(Box::pin(one.until_killed(one.apply())).await);
            }
        }
    }
    let last = || Process::new(&account, &service("web"), seed).releasing("last");
    let apply = last();
    apply.apply().await.map_err(|error| format!("{error}\n{}", apply.told()))?;
    let (healthy, count, _) = versions(&account);
    if healthy.len() != 1 || count < 3 {
        return Err(format!("{count} healthy of {healthy:?}"));
    }
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    let plan = last().plan().await.map_err(|error| error.to_string())?;
    if !plan.is_empty() {
        return Err(format!("not as it should be: {:?}", plan.changes));
    }
    let end = last();
    end.destroy().await.map_err(|error| format!("{error}\n{}", end.told()))?;
    let left = of_stack(&account, "web");
    if left.is_empty() { Ok(()) } else { Err(format!("left: {left:?}")) }
}

#[test]
fn whatever_happens_to_releases_the_next_run_ends_where_it_should() {
    let seeds = sample("schedules of releases", 0..SCHEDULES, 10);
    let ends =
        |seed: &u64| simulate(schedule(*seed)).err().map(|why| format!("seed {seed}: {why}"));
    let wrong: Vec<String> = seeds.iter().filter_map(ends).collect();
    println!(
        "{} of {SCHEDULES} schedules of releases, {} did not end well",
        seeds.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
