//! This machine, without ssh.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::process::{Child, Command};

use super::{
    Connection, ConnectionError, Holding, Script, ScriptOutput, begin, command_line, feed,
    read_all, stdin,
};

/// This machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Local;

impl Connection for Local {
    fn run<'a>(
        &'a self,
        script: &'a Script<'a>,
    ) -> BoxFuture<'a, Result<ScriptOutput, ConnectionError>> {
        let limit = script.limit;
        async move {
            let ended = tokio::time::timeout(limit, run(script)).await;
            ended.unwrap_or(Err(ConnectionError::TimedOut(limit)))
        }
        .boxed()
    }

    fn hold<'a>(
        &'a self,
        script: &'a Script<'a>,
    ) -> BoxFuture<'a, Result<Holding, ConnectionError>> {
        let limit = script.limit;
        async move {
            // It ends by itself when its input does.
            let mut child = spawn(script, false)?;
            let (input, output) = (child.stdin.take(), child.stdout.take());
            let errors = child.stderr.take();
            let ended = async move { drop(child.wait().await) }.boxed();
            let begun = begin(&script.input, input, output, errors, ended);
            let begun = tokio::time::timeout(limit, begun).await;
            begun.unwrap_or(Err(ConnectionError::TimedOut(limit)))
        }
        .boxed()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }
}

fn spawn(script: &Script<'_>, kill_on_drop: bool) -> Result<Child, ConnectionError> {
    let words = command_line(script);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(stdin(&script.input)).kill_on_drop(kill_on_drop);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    command
        .spawn()
        .map_err(|error| ConnectionError::Here(format!("starting {}: {error}", words[0])))
}

async fn run(script: &Script<'_>) -> Result<ScriptOutput, ConnectionError> {
    let mut child = spawn(script, true)?;
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (fed, stdout, stderr) =
        tokio::join!(feed(&script.input, input), read_all(output), read_all(errors));
    fed?;
    let status = child.wait().await.map_err(|error| ConnectionError::Here(error.to_string()))?;
    let stderr = String::from_utf8_lossy(&stderr).into_owned();
    Ok(ScriptOutput { code: status.code(), stdout, stderr })
}
