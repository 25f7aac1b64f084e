//! Where both ask: moto behind the relay that counts.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::wire::Wire;
use skyward_testkit::bench::measure::{self, Run};

/// A moto on a free port of this machine.
pub(crate) struct Server {
    child: Child,
    wire: Wire,
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        let mut child = Command::new("moto_server")
            .args(["--host", "127.0.0.1", "--port", "0"])
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("a pipe")?).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.split_once("http://").map(|(_, address)| address.trim().to_owned())
        });
        // It logs every request, and would wait for ever on a full pipe.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let address = address.context("it ended before it listened")?;
        Ok(Self { child, wire: Wire::to(&address) })
    }

    pub(crate) fn calls(&self) -> u64 {
        self.wire.calls()
    }

    /// A program that asks this server for everything, with the words that all its commands begin with; those before its name
    /// may set variables.
    pub(crate) fn program(&self, words: &[&str]) -> Program {
        let environment = [
            &format!("AWS_ENDPOINT_URL={}", self.wire.url),
            "AWS_ACCESS_KEY_ID=nobody",
            "AWS_SECRET_ACCESS_KEY=nothing",
            "AWS_EC2_METADATA_DISABLED=true",
        ];
        Program(environment.iter().chain(words).map(|word| (*word).to_owned()).collect())
    }
}

/// The words of `env` that start a program.
pub(crate) struct Program(Vec<String>);

impl Program {
    /// Runs it with more words, and measures that.
    pub(crate) fn run(&self, more: &[&str]) -> Result<Run> {
        let words: Vec<&str> =
            self.0.iter().map(String::as_str).chain(more.iter().copied()).collect();
        measure::run("env", &words)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
