//! Steps that wait for other programs most of the time, such as a control plane: two of them run at a time.
//!
//! Two steps that write into one terminal could not be told apart, so what such a step says is kept in a file and shown when it has
//! ended.

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use skyward_terminal::output;

use super::report::Ended;
use super::sampling::{self, Sample};
use super::scope::When;
use super::{Action, Outcome, Step};
use crate::external;

/// The programs that a step waits for most of the time.
const AWAITED: [&str; 3] = ["kube-apiserver", "sshd", "moto_server"];
/// A program that a machine runs once: steps that need it follow one another.
const ONE_A_MACHINE: &str = "kubelet";
/// The steps that run at one time: one waits while the other computes.
const AT_ONE_TIME: usize = 2;

/// Runs every step, also after a failed one, and returns how they ended, in their order. Those that wait come last, beside each other.
pub(super) fn run(steps: Vec<Step>, sample: Option<&Sample>) -> Vec<Ended> {
    let (mut ended, mut waiting) = (Vec::new(), Vec::new());
    for (place, step) in steps.into_iter().enumerate() {
        match step {
            Step { name, tools, action: Action::Run(command), .. } if waits(&tools) => {
                let needs_machine = tools.iter().any(|tool| tool == ONE_A_MACHINE);
                waiting.push((place, Waiting { name, command, needs_machine }));
            }
            step => ended.push((place, step.run(sample))),
        }
    }
    ended.extend(together(waiting, sample));
    ended.sort_by_key(|(place, _)| *place);
    ended.into_iter().map(|(_, one)| one).collect()
}

/// A step that waits.
struct Waiting {
    name: String,
    command: Command,
    needs_machine: bool,
}

/// Returns true where a step that needs these programs waits most of the time.
fn waits(tools: &[String]) -> bool {
    tools.iter().any(|tool| AWAITED.contains(&tool.as_str()))
}

/// The steps that are left, by their place among all.
struct Queue {
    left: Vec<(usize, Waiting)>,
    is_machine_taken: bool,
}

impl Queue {
    /// Those that need the machine begin first, since they cannot share the end of the run.
    fn new(mut left: Vec<(usize, Waiting)>) -> Self {
        left.sort_by_key(|(_, step)| !step.needs_machine);
        Self { left, is_machine_taken: false }
    }

    /// Takes the first step that may begin now; none where all that are left need the machine, which is taken.
    fn take(&mut self) -> Option<(usize, Waiting)> {
        let may_begin =
            |(_, step): &(usize, Waiting)| !(step.needs_machine && self.is_machine_taken);
        let (place, step) = self.left.remove(self.left.iter().position(may_begin)?);
        self.is_machine_taken |= step.needs_machine;
        Some((place, step))
    }
}

/// Runs steps beside each other. One alone shows what it says at once.
fn together(mut steps: Vec<(usize, Waiting)>, sample: Option<&Sample>) -> Vec<(usize, Ended)> {
    if steps.len() < 2 {
        let alone = steps.pop().map(|(place, step)| {
            let action = Action::Run(step.command);
            (place, Step::new(step.name, When::Code, Vec::new(), action).run(sample))
        });
        return alone.into_iter().collect();
    }
    let (queue, freed) = (Mutex::new(Queue::new(steps)), Condvar::new());
    let ended = Mutex::new(Vec::new());
    let work = || {
        let lock = || queue.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = lock();
        while !left.left.is_empty() {
            let Some((place, step)) = left.take() else {
                left = freed.wait(left).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(left);
            let needs_machine = step.needs_machine;
            let one = kept(step, sample);
            ended.lock().unwrap_or_else(PoisonError::into_inner).push((place, one));
            left = lock();
            left.is_machine_taken &= !needs_machine;
            freed.notify_all();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONE_TIME {
            scope.spawn(work);
        }
    });
    ended.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a step, and shows what it said once it has ended.
fn kept(step: Waiting, sample: Option<&Sample>) -> Ended {
    output::say(&format!("\n── {}: begun; what it says follows when it has ended", step.name));
    let started = Instant::now();
    let Waiting { name, mut command, .. } = step;
    sampling::tell(sample, &mut command);
    let (outcome, said) = match into_file(command) {
        Ok(both) => both,
        Err(error) => (Outcome::Failed(format!("{error:#}")), String::new()),
    };
    let mut text = format!("\n── {name}\n{said}");
    if let Outcome::Failed(note) = &outcome {
        text.push_str(note);
    }
    // By one call, so that nothing of another step comes between.
    output::say(text.trim_end_matches('\n'));
    (name, outcome, started.elapsed())
}

/// Runs a command, and returns all that it said. A pipe would have to be read to its end, which a program that a failed test has
/// left behind would hold open; a file needs not.
fn into_file(mut command: Command) -> Result<(Outcome, String)> {
    let log = Log::new()?;
    let file = File::create(&log.0).with_context(|| format!("writing {}", log.0.display()))?;
    let errors = file.try_clone().context("opening the step's output twice")?;
    command.stdout(file).stderr(errors);
    let outcome = super::to_its_end(command);
    let said = std::fs::read(&log.0).with_context(|| format!("reading {}", log.0.display()))?;
    Ok((outcome, String::from_utf8_lossy(&said).into_owned()))
}

/// The file of a step's output, for as long as it is needed.
struct Log(PathBuf);

impl Log {
    fn new() -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let file = format!("step-{}-{number}.log", std::process::id());
        Ok(Self(external::ci_folder()?.join(file)))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(name: &str, tools: &[&str], script: &str) -> Step {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let tools = tools.iter().map(|tool| (*tool).to_owned()).collect();
        Step::new(name, When::Code, tools, Action::Run(command))
    }

    #[test]
    fn steps_that_wait_run_beside_each_other_and_are_listed_in_their_order() {
        let folder = new_folder();
        let path = |name: &str| folder.join(name).display().to_string();
        // Each waits for the other, for ten seconds at most: one after the other, both would fail.
        let meet = |mine: &str, other: &str| {
            let (mine, other) = (path(mine), path(other));
            format!(
                "touch '{mine}'; for i in $(seq 100); do [ -e '{other}' ] && exit 0; sleep 0.1; done; exit 1"
            )
        };
        let ended = run(
            vec![
                shell("before", &[], "exit 0"),
                shell("one", &["sshd"], &meet("one", "two")),
                shell("two", &["moto_server"], &meet("two", "one")),
                // What computes goes first.
                shell("after", &[], &format!("[ ! -e '{}' ]", path("two"))),
            ],
            None,
        );
        let names: Vec<_> = ended.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["before", "one", "two", "after"]);
        let all_passed = ended.iter().all(|(_, outcome, _)| matches!(outcome, Outcome::Passed(_)));
        std::fs::remove_dir_all(&folder).expect("the folder is ours");
        assert!(all_passed, "all passed");
    }

    #[test]
    fn steps_that_need_the_machine_follow_one_another() {
        let folder = new_folder();
        // A folder can be made once: where both ran at a time, the second would fail.
        let lock = folder.join("lock").display().to_string();
        let script = format!("mkdir '{lock}' && sleep 0.3 && rmdir '{lock}'");
        let tools = ["kube-apiserver", "kubelet"];
        let steps = ["one", "two", "three"].map(|name| shell(name, &tools, &script));
        let ended = run(steps.into(), None);
        let all_passed = ended.iter().all(|(_, outcome, _)| matches!(outcome, Outcome::Passed(_)));
        std::fs::remove_dir_all(&folder).expect("the folder is ours");
        assert!(all_passed, "all passed");
    }

    #[test]
    fn what_a_step_says_is_kept_with_its_end() {
        let step = shell("said: é", &[], "echo out; echo error >&2; exit 3");
        let Action::Run(command) = step.action else { unreachable!("it runs a command") };
        let (outcome, said) = into_file(command).expect("the shell is there");
        assert_eq!(said, "out\nerror\n");
        assert!(matches!(outcome, Outcome::Failed(note) if note.contains("exit status: 3")));
    }

    /// A new folder for one test.
    fn new_folder() -> PathBuf {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("skyward-ci-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("the folder of temporary files is writable");
        folder
    }
}
