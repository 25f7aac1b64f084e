//! This machine, without ssh.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::process::{Child, Command};

use super::{
    Connection, ConnectionError, Holding, Script, ScriptOutput, begin, command_line, feed,
    read_all, stdin, within,
};

/// This machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Local;

impl Connection for Local {
    fn run<'a>(
        &'a self,
        script: &'a Script<'a>,
    ) -> BoxFuture<'a, Result<ScriptOutput, ConnectionError>> {
        within(script.limit, run(script)).boxed()
    }

    fn hold<'a>(
        &'a self,
        script: &'a Script<'a>,
    ) -> BoxFuture<'a, Result<Holding, ConnectionError>> {
        within(script.limit, hold(script)).boxed()
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

async fn hold(script: &Script<'_>) -> Result<Holding, ConnectionError> {
    // It ends by itself when its input does.
    let mut child = spawn(script, false)?;
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let ended = async move { drop(child.wait().await) }.boxed();
    begin(&script.input, input, output, errors, ended).await
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
