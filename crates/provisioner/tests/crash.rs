//! A process that dies, or loses an answer, at every single call: the next run ends where it should, and nothing is left over.

mod support;

use std::collections::BTreeSet;

use skyward_config::Aws;
use skyward_provisioner::simulator::{Account, Faults};
use support::{Process, aws, duplicates, of_stack, simulate};

/// What happens at the call.
#[derive(Debug, Clone, Copy)]
enum Accident {
    /// The process dies before the call leaves it.
    Before,
    /// The call takes effect, and the process dies.
    After,
    /// The call takes effect, and its answer is lost; the process lives.
    NoAnswer,
}

const ACCIDENTS: [Accident; 3] = [Accident::Before, Accident::After, Accident::NoAnswer];

fn faults(accident: Accident, call: u64) -> Faults {
    match accident {
        Accident::Before => Faults { kill_before: Some(call), ..Faults::default() },
        Accident::After => Faults { kill_after: Some(call), ..Faults::default() },
        Accident::NoAnswer => {
            Faults { drop_answer: BTreeSet::from([call]), ..Faults::default() }
        }
    }
}

/// What is interrupted.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Apply,
    Change,
    Destroy,
}

/// Another size, template, rules, way out and database: every kind of change that is done in place.
fn changed(aws: &Aws) -> Aws {
    Aws {
        instances: 2,
        instance_type: "t3.small".into(),
        single_nat_gateway: true,
        certificate: Some("arn:aws:acm:eu-central-1:123456789012:certificate/1".into()),
        database_storage_gib: 200,
        health_path: "/health".into(),
        tags: [("team".to_owned(), "web".to_owned())].into(),
        ..aws.clone()
    }
}

/// How many calls the phase makes where nothing goes wrong.
fn calls(phase: Phase) -> u64 {
    simulate(async {
        let account = Account::new(7);
        let before = aws("web");
        if phase != Phase::Apply {
            Process::new(&account, &before, 1).apply().await.unwrap();
        }
        let process = Process::new(&account, &aws_of(phase), 2);
        run(&process, phase).await.unwrap();
        process.client.calls()
    })
}

fn aws_of(phase: Phase) -> Aws {
    if phase == Phase::Change { changed(&aws("web")) } else { aws("web") }
}

async fn run(process: &Process, phase: Phase) -> Result<(), String> {
    let done = match phase {
        Phase::Apply | Phase::Change => process.apply().await,
        Phase::Destroy => process.destroy().await,
    };
    done.map(|_| ()).map_err(|error| format!("{error}\n{}", process.told()))
}

/// Interrupts the phase at a call, and runs it again. What is wrong then.
async fn interrupted(phase: Phase, accident: Accident, call: u64) -> Result<(), String> {
    let account = Account::new(7);
    if phase != Phase::Apply {
        let process = Process::new(&account, &aws("web"), 1);
        run(&process, Phase::Apply).await?;
    }
    let mut first = Process::new(&account, &aws_of(phase), 2);
    first.client = account.client().with_faults(faults(accident, call));
    // It may fail, but never say that all is well where it is not: the second run finds out.
    let ended = first.until_killed(run(&first, phase)).await;
    if let (Accident::NoAnswer, Some(Err(error))) = (accident, ended) {
        return Err(format!("a lost answer ends the run: {error}"));
    }
    drop(first);
    let second = Process::new(&account, &aws_of(phase), 3);
    run(&second, phase).await?;
    let doubled = duplicates(&account, "web");
    if !doubled.is_empty() {
        return Err(format!("twice: {doubled:?}"));
    }
    if phase == Phase::Destroy {
        let left = of_stack(&account, "web");
        return if left.is_empty() { Ok(()) } else { Err(format!("left: {left:?}")) };
    }
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    let plan = Process::new(&account, &aws_of(phase), 4).plan().await;
    let plan = plan.map_err(|error| error.to_string())?;
    if !plan.is_empty() {
        return Err(format!("not as it should be: {:?}", plan.changes));
    }
    // Whatever is there beside the stack's own was made by mistake.
    Process::new(&account, &aws_of(phase), 5).destroy().await.map_err(|error| error.to_string())?;
    let left = of_stack(&account, "web");
    if left.is_empty() { Ok(()) } else { Err(format!("orphans: {left:?}")) }
}

fn every_call(phase: Phase) {
    let calls = calls(phase);
    let mut wrong = Vec::new();
    let mut runs = 0;
    for call in 1..=calls {
        for accident in ACCIDENTS {
            runs += 1;
            if let Err(why) = simulate(interrupted(phase, accident, call)) {
                wrong.push(format!("{phase:?}, {accident:?} call {call}: {why}"));
            }
        }
    }
    println!(
        "{phase:?}: {calls} calls, {runs} interruptions, {} of them did not end well",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn apply_survives_every_call() {
    every_call(Phase::Apply);
}

#[test]
fn a_change_survives_every_call() {
    every_call(Phase::Change);
}

#[test]
fn destroy_survives_every_call() {
    every_call(Phase::Destroy);
}
