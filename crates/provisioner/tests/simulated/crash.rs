//! A process that dies, or loses an answer, at every single call: the next run ends where it should, and nothing is left over.

use std::collections::BTreeSet;

use crate::restored::{SNAPSHOT, leave_a_snapshot, restored};
use crate::support::{Process, aws, of_stack, service, simulate};
use skyward_aws::simulated::{Account, Faults};
use skyward_config::Aws;
use skyward_provisioner::plan::Action;
use skyward_provisioner::topology::RESOURCE_TAG;
use skyward_testkit::sample::sample;

/// What happens at the call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Accident {
    /// The process dies before the call leaves it.
    Before,
    /// The call takes effect, and the process dies.
    After,
    /// The call takes effect, and its answer is lost; the process lives.
    NoAnswer,
}

/// The interruptions of a phase that a sample has.
pub(crate) const SAMPLE: usize = 60;

const ACCIDENTS: [Accident; 3] = [Accident::Before, Accident::After, Accident::NoAnswer];

pub(crate) fn faults(accident: Accident, call: u64) -> Faults {
    match accident {
        Accident::Before => Faults { kill_before: Some(call), ..Faults::default() },
        Accident::After => Faults { kill_after: Some(call), ..Faults::default() },
        Accident::NoAnswer => Faults { drop_answer: BTreeSet::from([call]), ..Faults::default() },
    }
}

/// What is interrupted.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Apply,
    Change,
    Destroy,
    /// A new stack with the service, whose database is made from a snapshot.
    Restore,
}

/// Another size, template, rules, way out and database: every kind of change that is done in place.
fn changed(aws: &Aws) -> Aws {
    Aws {
        instances: 2,
        instance_type: "t3.small".into(),
        single_nat_gateway: true,
        certificate: Some("arn:aws:acm:eu-central-1:123456789012:certificate/1".into()),
        database_storage_gib: 200,
        health_path: "/index.html".into(),
        tags: [("team".to_owned(), "web".to_owned())].into(),
        ..aws.clone()
    }
}

/// The account before the phase, and how many calls the phase makes and what it leaves where nothing goes wrong.
struct Undisturbed {
    before: serde_json::Value,
    calls: u64,
    after: Vec<String>,
}

fn undisturbed(phase: Phase) -> Undisturbed {
    simulate(async {
        let account = Account::new(7);
        if phase == Phase::Restore {
            leave_a_snapshot(&account, &service("web")).await;
        } else if phase != Phase::Apply {
            Process::new(&account, &aws("web"), 1).apply().await.unwrap();
        }
        let before = account.state();
        let process = Process::new(&account, &aws_of(phase), 2);
        run(&process, phase).await.unwrap();
        Undisturbed { before, calls: process.client.calls(), after: resources(&account) }
    })
}

/// What there is, without AWS's ids: an orphan or a second one shows as one too many.
pub(crate) fn resources(account: &Account) -> Vec<String> {
    let items = of_stack(account, "web").into_iter();
    let mut resources: Vec<String> = items
        .map(|item| {
            let id = item.tags.get(RESOURCE_TAG).cloned().unwrap_or_default();
            format!("{} {id}", item.kind)
        })
        .collect();
    resources.sort();
    resources
}

fn aws_of(phase: Phase) -> Aws {
    match phase {
        Phase::Change => changed(&aws("web")),
        Phase::Restore => restored(service("web"), SNAPSHOT),
        Phase::Apply | Phase::Destroy => aws("web"),
    }
}

async fn run(process: &Process, phase: Phase) -> Result<(), String> {
    let done = match phase {
        Phase::Apply | Phase::Change | Phase::Restore => process.apply().await,
        Phase::Destroy => process.destroy().await,
    };
    done.map(|_| ()).map_err(|error| format!("{error}\n{}", process.told()))
}

/// Interrupts the phase at a call, and runs it again. What is wrong then.
async fn interrupted(
    phase: Phase,
    undisturbed: &Undisturbed,
    accident: Accident,
    call: u64,
) -> Result<(), String> {
    let account =
        Account::restore(undisturbed.before.clone()).map_err(|error| error.to_string())?;
    let mut first = Process::new(&account, &aws_of(phase), 2);
    first.client = account.client().with_faults(faults(accident, call));
    let ended = Box::pin(first.until_killed(run(&first, phase))).await;
    if let (Accident::NoAnswer, Some(Err(error))) = (accident, ended) {
        return Err(format!("a lost answer ends the run: {error}"));
    }
    drop(first);
    let second = Process::new(&account, &aws_of(phase), 3);
    run(&second, phase).await?;
    let resources = resources(&account);
    if resources != undisturbed.after {
        let after = &undisturbed.after;
        let more: Vec<_> = resources.iter().filter(|one| !after.contains(one)).collect();
        let less: Vec<_> = after.iter().filter(|one| !resources.contains(one)).collect();
        let count = resources.len();
        return Err(format!("{count} resources; too many: {more:?}, too few: {less:?}"));
    }
    if phase != Phase::Destroy {
        let plan = second.plan().await.map_err(|error| error.to_string())?;
        // RDS says for some seconds that a cluster is available before it begins to change it.
        if plan.changes.iter().any(|change| change.action != Action::Wait) {
            return Err(format!("not as it should be: {:?}", plan.changes));
        }
    }
    Ok(())
}

fn every_call(phase: Phase) {
    let undisturbed = undisturbed(phase);
    at_every_call(&format!("{phase:?}"), undisturbed.calls, SAMPLE, |(call, accident)| {
        simulate(interrupted(phase, &undisturbed, accident, call))
    });
}

/// Meets each accident at each call of a phase, or so many of them where samples are met, and prints the counts.
pub(crate) fn at_every_call(
    phase: &str,
    calls: u64,
    at_most: usize,
    interrupt: impl Fn((u64, Accident)) -> Result<(), String>,
) {
    let all = (1..=calls).flat_map(|call| ACCIDENTS.map(|accident| (call, accident)));
    let all: Vec<(u64, Accident)> = all.collect();
    let (of, all) = (all.len(), sample(&format!("{phase} interrupted"), all, at_most));
    let met = all.len();
    let why = |one: (u64, Accident)| {
        interrupt(one).err().map(|why| format!("{phase}, {:?} call {}: {why}", one.1, one.0))
    };
    let wrong: Vec<String> = all.into_iter().filter_map(why).collect();
    println!(
        "{phase}: {calls} calls, {met} of {of} interruptions, {} did not end well",
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
fn a_restore_survives_every_call() {
    every_call(Phase::Restore);
}

#[test]
fn destroy_survives_every_call() {
    every_call(Phase::Destroy);
}
