//! This machine, without ssh.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::process::Command;

use super::{Answer, Connection, ConnectionError, Script, all, feed, stdin, words};

/// This machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Local;

impl Connection for Local {
    fn run<'a>(&'a self, script: &'a Script<'a>) -> BoxFuture<'a, Result<Answer, ConnectionError>> {
        let limit = script.limit;
        async move {
            tokio::time::timeout(limit, run(script))
                .await
                .unwrap_or(Err(ConnectionError::Late(limit)))
        }
        .boxed()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }
}

async fn run(script: &Script<'_>) -> Result<Answer, ConnectionError> {
    let words = words(script);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(stdin(&script.input)).kill_on_drop(true);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| ConnectionError::Here(format!("starting {}: {error}", words[0])))?;
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (fed, stdout, stderr) = tokio::join!(feed(&script.input, input), all(output), all(errors));
    fed?;
    let status = child.wait().await.map_err(|error| ConnectionError::Here(error.to_string()))?;
    Ok(Answer {
        code: status.code(),
        stdout,
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    })
}
