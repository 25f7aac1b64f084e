//! Two operators of one cluster: one after the other, whenever the second begins, and also where the first is gone.

use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use skyward_testkit::machines::{Machine, NEW, OLD, World, differences, until, write};
use skyward_testkit::sample::sample;

use super::operator::{Listed, Operator, said};

const TWO: [Listed; 2] = [(0, "server"), (1, "agent")];
/// The same machines in another order: these operators begin with another one.
const TURNED: [Listed; 2] = [(1, "agent"), (0, "server")];

/// The schedules of a sample.
const AT_MOST: usize = 4;

/// Two commands of two operators, and what is true when both have ended.
struct Pair {
    first: &'static str,
    second: &'static str,
    /// The calls of the first at each of which the second begins.
    calls: usize,
    /// The state before, and the state after.
    before: Before,
    after: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Before {
    Nothing,
    Up,
}

const NONE: &[&str] = &[];
const BOTH: &[&str] = &["m1 server", "m2 agent"];
const PAIRS: [Pair; 5] = [
    Pair { first: "up", second: "up", calls: 40, before: Before::Nothing, after: BOTH },
    Pair { first: "upgrade", second: "upgrade", calls: 40, before: Before::Up, after: BOTH },
    Pair { first: "snapshot", second: "upgrade", calls: 12, before: Before::Up, after: BOTH },
    Pair {
        first: "remove m2 --yes",
        second: "remove m2 --yes",
        calls: 20,
        before: Before::Up,
        after: &["m1 server"],
    },
    Pair { first: "down --yes", second: "down --yes", calls: 20, before: Before::Up, after: NONE },
];

/// The keys of the scripts that ran on a machine, in their order, those that come one after the other once.
fn keys(machine: &Machine) -> Vec<String> {
    let log = fs::read_to_string(machine.own("shell.log")).unwrap_or_default();
    let key = |line: &str| {
        let key = line.split_once("\"$lock\" = skyward-")?.1.split_once(' ')?.0;
        Some(key.to_owned())
    };
    let mut keys: Vec<String> = log.lines().filter_map(key).collect();
    keys.dedup();
    keys
}

/// Nobody's scripts ran between those of another.
fn one_after_the_other(world: &World, context: &str) {
    for machine in &world.machines {
        let mut keys = keys(machine);
        assert!(!keys.is_empty(), "{}: {context}", machine.name);
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), all, "{}: {context}", machine.name);
    }
}

fn begin(operator: &Operator<'_>, words: &str, variables: &[(&str, usize)]) -> Child {
    for name in ["met", "count"] {
        let _ = fs::remove_file(operator.world.path(name));
    }
    let mut command = operator.command(words, variables);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the operator's command")
}

/// Waits until it has made the call that the other was to meet it at, or has ended before.
fn meet(operator: &Operator<'_>, child: &mut Child) {
    let met = operator.world.path("met");
    until("the call to meet at", || {
        let has_ended = child.try_wait().expect("its state").is_some();
        (has_ended || met.exists()).then_some(())
    });
}

fn end(child: Child) -> Output {
    child.wait_with_output().expect("its output")
}

#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn two_operators_at_once_make_one_cluster() {
    let world = super::world(2);
    world.know_hosts();
    let clean: Vec<_> = world.machines.iter().map(Machine::snapshot).collect();
    let all: Vec<(usize, usize)> = PAIRS
        .iter()
        .enumerate()
        .flat_map(|(pair, it)| (1..=it.calls).map(move |call| (pair, call)))
        .collect();
    let count = all.len();
    let met = sample("k3s two operators", all, AT_MOST);
    let mut waited = 0;
    for (pair, call) in &met {
        let Pair { first, second, before, after, .. } = &PAIRS[*pair];
        let context = format!("{second} at call {call} of {first}");
        let old = Operator::new(&world, &TWO);
        old.succeed("cluster down --yes");
        let _ = fs::remove_dir_all(world.path("cluster/nodes"));
        for name in ["cluster/split", "another/kubeconfig"] {
            let _ = fs::remove_file(world.path(name));
        }
        if matches!(before, Before::Up) {
            old.succeed("cluster up");
        }
        for machine in &world.machines {
            let _ = fs::write(machine.own("shell.log"), "");
        }
        let version = if *second == "upgrade" { (NEW, "newer") } else { (OLD, "files") };
        let one = Operator::with(&world, &TWO, version.0, version.1, "");
        let machines = if call % 2 == 0 { TWO } else { TURNED };
        let two = Operator::another(&world, &machines, version.0, version.1, "");
        let mut child = begin(&one, &format!("cluster {first}"), &[("MEET_AT", *call)]);
        meet(&one, &mut child);
        let of_two = two.run(&format!("cluster {second}"));
        let of_one = end(child);
        let text = format!("{context}\nfirst: {}\nsecond: {}", said(&of_one), said(&of_two));
        assert!(of_one.status.success() && of_two.status.success(), "{text}");
        waited += usize::from(text.contains("has been running `cluster "));
        one_after_the_other(&world, &text);
        assert!(!world.path("cluster/split").exists(), "{text}");
        if after.is_empty() {
            let _ = fs::remove_dir_all(world.path("cluster/nodes"));
            for (machine, clean) in world.machines.iter().zip(&clean) {
                let left = differences(clean, &machine.snapshot());
                assert_eq!(left, [""; 0], "{}: {text}", machine.name);
            }
        }
        let nodes: Vec<String> = after.iter().map(|node| format!("{node} {}", version.0)).collect();
        assert_eq!(one.nodes(), nodes, "{text}");
        if after.len() == 2 {
            for operator in [&one, &two] {
                let up = operator.succeed("cluster up");
                assert!(up.contains("Nothing to do: cluster skyward has 2 nodes"), "{text}\n{up}");
            }
        }
        let locks = world.machines.iter().map(|machine| machine.run("ls /run/skyward* || true"));
        assert_eq!(locks.collect::<String>(), "", "{text}");
    }
    println!(
        "two operators: {} of {count} schedules, in {waited} of which one waited for the other: one cluster every time",
        met.len()
    );
    assert!(waited > 0, "nobody met anybody");
}

/// An operator is stopped, as if its machine was gone: it is taken over, and changes nothing when it is back.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn an_operator_that_is_gone_is_taken_over_and_changes_nothing_when_it_is_back() {
    let world = super::world(2);
    world.know_hosts();
    let one = Operator::new(&world, &TWO);
    let mut child = begin(&one, "cluster up", &[("MEET_AT", 12)]);
    meet(&one, &mut child);
    signal("STOP", &child);

    let impatient = Operator::another(&world, &TURNED, OLD, "files", "node_timeout_s = 1");
    let refused = impatient.fail("cluster up");
    println!("$ cluster up     # another operator has stopped in the middle\n{refused}");
    let holder = format!("(pid {}) has been running `cluster up` since 20", child.id());
    assert!(refused.contains("cannot lock cluster skyward: on 10.77.0.1"), "{refused}");
    assert!(refused.contains(&holder), "{refused}");
    assert!(refused.contains("nothing was changed. Next step: wait until that"), "{refused}");
    // Who only looks, waits for nobody.
    let looked = impatient.run("cluster status");
    assert!(looked.status.success(), "{}", said(&looked));

    let patient = Operator::another(&world, &TURNED, OLD, "files", "");
    let up = patient.succeed("cluster up");
    println!("$ cluster up     # and waits\n{up}");
    assert!(up.contains("it is taken over 15 s after its last sign of life"), "{up}");
    assert_eq!(patient.nodes(), [format!("m1 server {OLD}"), format!("m2 agent {OLD}")]);

    signal("CONT", &child);
    let back = end(child);
    let text = said(&back);
    println!("$ cluster up     # the first is back\n{text}");
    assert_eq!(back.status.code(), Some(1), "{text}");
    assert!(text.contains("its lock is another operator's by now"), "{text}");
    one_after_the_other_but_one(&world, &text);
    let again = patient.succeed("cluster up");
    assert!(again.contains("Nothing to do: cluster skyward has 2 nodes"), "{again}");
}

/// The scripts of one that is back came after those of the other, and did nothing.
fn one_after_the_other_but_one(world: &World, context: &str) {
    for machine in &world.machines {
        let keys = keys(machine);
        let first = keys.first().expect(context);
        assert!(keys.iter().filter(|key| *key == first).count() <= 2, "{keys:?}: {context}");
    }
}

/// An operator that was killed is gone at once: nobody waits for the end of its time.
#[test]
#[ignore = "needs sshd ip ssh setpriv root"]
fn an_operator_that_was_killed_is_waited_for_no_longer_than_its_last_step() {
    let world = super::world(2);
    world.know_hosts();
    let one = Operator::new(&world, &TWO);
    one.run_with("cluster up", &[("KILL_BEFORE", 14)]);
    let began = Instant::now();
    let two = Operator::another(&world, &TURNED, OLD, "files", "");
    let up = two.succeed("cluster up");
    println!("$ cluster up     # {:.1} s after a kill\n{up}", began.elapsed().as_secs_f64());
    let locks = world.machines.iter().map(|machine| machine.run("ls /run/skyward* || true"));
    assert_eq!(locks.collect::<String>(), "");
    // Its last step still runs on a machine: it ends first.
    let key = format!("skyward-{:016x}", 7);
    let step = format!(
        "(setsid sh -c 'sleep 2; : {key}; touch /srv/host/step\nexit' </dev/null >/dev/null 2>&1 &)"
    );
    world.machines[0].run(&format!("printf '{key}\\n%12d\\n%12d\\n%12d\\nx@y\\ncluster down\\n' $(cut -d. -f1 /proc/uptime) 1 1 >/run/skyward-k3s.lock; {step}"));
    let waited = two.succeed("cluster up");
    assert!(waited.contains("x@y has been running `cluster down`"), "{waited}");
    assert!(world.machines[0].own("step").exists());
}

fn signal(name: &str, child: &Child) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(status.expect("kill").success());
}

/// The script by itself, without machines: `$2` seconds after its last sign of life a holder is taken over.
mod script {
    use std::io::{BufRead, BufReader, Write};
    use std::path::Path;
    use std::process::{Child, ChildStdin};

    use super::*;

    const SCRIPT: &str = include_str!("../../src/scripts/lock.sh");

    /// Begins to hold the lock; its answer, and its process while its input is open.
    fn hold(lock: &Path, key: &str, lease: &str) -> (String, Child, ChildStdin) {
        hold_by(Command::new("sh"), lock, key, lease)
    }

    fn hold_by(
        mut command: Command,
        lock: &Path,
        key: &str,
        lease: &str,
    ) -> (String, Child, ChildStdin) {
        command.args(["-c", SCRIPT, "skyward"]).arg(lock).arg(lease);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sh");
        let mut input = child.stdin.take().expect("its input");
        writeln!(input, "{key}\nroot@{key} (pid 7)\ncluster up").expect("a claim");
        let mut said = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut said).expect("an answer");
        (said.trim().to_owned(), child, input)
    }

    fn key(name: &str) -> String {
        format!("{name}-{}-{:?}", std::process::id(), Instant::now())
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect()
    }

    #[test]
    fn a_lock_is_held_while_its_input_is_open_and_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = folder.path().join("lock");
        let (a, b) = (key("a"), key("b"));
        let (said, mut first, input) = hold(&lock, &a, "15");
        assert_eq!(said, "ours");
        let (said, mut second, _) = hold(&lock, &b, "15");
        let age = said.strip_prefix("held\t").and_then(|said| said.split_once('\t'));
        assert_eq!(age.expect(&said).1, format!("root@{a} (pid 7)\tcluster up"));
        second.wait().expect("its end");
        let text = fs::read_to_string(&lock).expect("the lock");
        assert!(text.starts_with(&format!("{a}\n")), "{text}");
        drop(input);
        first.wait().expect("its end");
        assert!(!lock.exists());
        let (said, mut third, input) = hold(&lock, &b, "15");
        assert_eq!(said, "ours");
        drop(input);
        third.wait().expect("its end");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
    }

    /// The holder ends just when another has found that it is held.
    #[test]
    fn a_lock_whose_holder_ends_at_that_moment_is_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = folder.path().join("lock");
        // It is refused, and is gone before it is read; the next time it is free.
        let flock = format!(
            "#!/bin/sh\nPATH=${{PATH#*:}}\n[ -e {0}.met ] && exec flock \"$@\"\n: >{0}.met; rm -f {0}; exit 1\n",
            lock.display()
        );
        write(&folder.path().join("flock"), 0o755, &flock);
        fs::write(&lock, "").expect("a lock");
        let mut shell = Command::new("sh");
        let path = std::env::var("PATH").expect("a path");
        shell.env("PATH", format!("{}:{path}", folder.path().display()));
        let (said, mut first, input) = hold_by(shell, &lock, &key("a"), "15");
        assert_eq!(said, "ours");
        assert!(folder.path().join("lock.met").exists(), "it was refused once");
        drop(input);
        first.wait().expect("its end");
        assert!(!lock.exists());
    }

    #[test]
    fn a_silent_holder_is_taken_over_and_one_that_shows_itself_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = folder.path().join("lock");
        let (a, b) = (key("a"), key("b"));
        let (said, mut first, mut input) = hold(&lock, &a, "1");
        assert_eq!(said, "ours");
        for _ in 0..15 {
            std::thread::sleep(Duration::from_millis(200));
            input.write_all(b"\n").expect("a sign of life");
        }
        let (said, mut second, _) = hold(&lock, &b, "1");
        assert!(said.starts_with("held\t"), "{said}");
        second.wait().expect("its end");
        let (said, mut third, own) = until("the end of its time", || {
            let (said, mut child, own) = hold(&lock, &b, "1");
            if said == "ours" {
                return Some((said, child, own));
            }
            child.wait().expect("its end");
            std::thread::sleep(Duration::from_millis(200));
            None
        });
        assert_eq!(said, "ours");
        assert!(!first.wait().expect("its end").success(), "it was ended");
        drop(own);
        third.wait().expect("its end");
        assert!(!lock.exists());
    }

    #[test]
    fn a_step_that_its_operator_has_left_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = folder.path().join("lock");
        let (a, b) = (key("a"), key("b"));
        let (said, mut first, input) = hold(&lock, &a, "15");
        assert_eq!(said, "ours");
        let step = format!("read -r _; : {a}\nexit");
        let mut step = Command::new("sh").args(["-c", &step]).stdin(Stdio::piped()).spawn();
        let step = step.as_mut().expect("a step");
        drop(input);
        std::thread::sleep(Duration::from_millis(300));
        let (said, mut second, _) = hold(&lock, &b, "15");
        assert!(said.starts_with("held\t"), "{said}");
        second.wait().expect("its end");
        drop(step.stdin.take());
        step.wait().expect("its end");
        first.wait().expect("its end");
        assert!(!lock.exists());
    }
}
