//! Looks for the tokens wherever others could see them: command lines, logs, files that are not root's alone.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::world::World;

/// Collects every command line of the system, again and again, until it is asked.
pub struct Watch {
    stop: Arc<AtomicBool>,
    seen: JoinHandle<(usize, BTreeSet<Vec<u8>>)>,
}

impl Watch {
    pub fn start(_: &World) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&stop);
        let seen = std::thread::spawn(move || {
            let (mut rounds, mut lines) = (0, BTreeSet::new());
            while !ended.load(Ordering::Relaxed) {
                rounds += 1;
                lines.extend(command_lines());
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            (rounds, lines)
        });
        Self { stop, seen }
    }

    /// Ends, and looks for every secret of the cluster in all that was seen, said and written.
    pub fn found_nothing(self, world: &World, said: &[&str]) {
        self.stop.store(true, Ordering::Relaxed);
        let (rounds, lines) = self.seen.join().expect("the watch");
        let secrets: Vec<String> = ["server.pw", "agent.pw", "client.key"]
            .iter()
            .map(|name| fs::read_to_string(world.path("cluster").join(name)).expect("a secret"))
            .map(|text| text.trim().to_owned())
            .collect();
        assert!(secrets.iter().all(|secret| secret.len() >= 40), "they are there");
        let holds = |bytes: &[u8]| {
            secrets
                .iter()
                .any(|secret| bytes.windows(secret.len()).any(|window| window == secret.as_bytes()))
        };
        // The search finds what is there.
        assert!(holds(&fs::read(world.path("cluster/server.pw")).expect("a file")));
        for line in &lines {
            assert!(!holds(line), "in the command line {}", String::from_utf8_lossy(line));
        }
        let mut logs = vec![world.path("ssh.log"), world.path("cluster/calls")];
        for machine in &world.machines {
            logs.extend([machine.own("shell.log"), machine.own("journal")]);
        }
        let mut bytes = 0;
        for log in &logs {
            let text = fs::read(log).unwrap_or_else(|error| panic!("{}: {error}", log.display()));
            bytes += text.len();
            assert!(!holds(&text), "in {}", log.display());
        }
        assert!(said.iter().all(|text| !holds(text.as_bytes())), "in what the operator said");
        let files = world.machines.iter().map(|machine| {
            let (count, content) = machine.readable_by_others();
            assert!(!holds(&content), "in a file of {} that others may read", machine.name);
            count
        });
        let files: usize = files.sum();
        assert!(lines.len() > 50 && files > 5, "{} lines, {files} files", lines.len());
        println!(
            "searched for {} secrets: {} command lines (all processes, {rounds} times), {} logs of {bytes} bytes, {files} files that others may read: none",
            secrets.len(),
            lines.len(),
            logs.len()
        );
    }
}

fn command_lines() -> Vec<Vec<u8>> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter(|entry| {
            entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit())
        })
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .filter(|line| !line.is_empty())
        .collect()
}
