//! A machine over the system's own ssh, whose agent, configuration, jump hosts and known hosts apply.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use openssh::{ControlPersist, Error, KnownHosts, Session, SessionBuilder, Stdio};

use super::{
    Connection, ConnectionError, Holding, Input, Script, ScriptOutput, begin, command_line, feed,
    host_key, read_all, within,
};
use crate::cluster::Machine;

/// The time in which a machine must answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// The time for all of a connection. ssh's own limit does not count while a proxy command or a jump host connects.
const CONNECT_LIMIT: Duration = Duration::from_secs(45);
/// The pause after which a silent machine is asked whether it is still there; after three of them it is not.
const ALIVE_INTERVAL: Duration = Duration::from_secs(5);
/// Seconds after which a connection without an operator, who may have been killed, ends by itself.
const IDLE_SECONDS: NonZeroUsize = NonZeroUsize::new(300).unwrap();
/// The time for the end of a connection; its master ends by itself later.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// The treatment of host keys that ssh does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostKeys {
    /// They are refused.
    #[default]
    Known,
    /// They are accepted and recorded. A key that differs from the known one is still refused.
    AcceptNew,
}

/// A connection by ssh.
pub struct Ssh {
    session: Arc<Session>,
}

impl Ssh {
    /// Connects to a machine.
    ///
    /// # Errors
    /// The machine does not answer, its key is not known, or it does not let us in.
    pub async fn connect(
        machine: &Machine,
        address: &str,
        keys: HostKeys,
    ) -> Result<Self, ConnectionError> {
        let mut builder = SessionBuilder::default();
        builder
            .known_hosts_check(match keys {
                HostKeys::Known => KnownHosts::Strict,
                HostKeys::AcceptNew => KnownHosts::Add,
            })
            .connect_timeout(CONNECT_TIMEOUT)
            .server_alive_interval(ALIVE_INTERVAL)
            .control_directory(std::env::temp_dir())
            .control_persist(ControlPersist::IdleFor(IDLE_SECONDS));
        if let Some(user) = &machine.user {
            builder.user(user.clone());
        }
        if let Some(port) = machine.port {
            builder.port(port);
        }
        let connected = tokio::time::timeout(CONNECT_LIMIT, builder.connect(address))
            .await
            .map_err(|_| ConnectionError::TimedOut(CONNECT_LIMIT))?;
        match connected {
            Ok(session) => Ok(Self { session: Arc::new(session) }),
            Err(Error::Connect(error)) => {
                Err(host_key::explain(machine, address, &error.to_string()).await)
            }
            Err(error) => Err(ConnectionError::Here(described(&error))),
        }
    }
}

impl Connection for Ssh {
    fn run<'a>(
        &'a self,
        script: &'a Script<'a>,
    ) -> BoxFuture<'a, Result<ScriptOutput, ConnectionError>> {
        within(script.limit, self.execute(script)).boxed()
    }

    fn hold<'a>(
        &'a self,
        script: &'a Script<'a>,
    ) -> BoxFuture<'a, Result<Holding, ConnectionError>> {
        within(script.limit, self.begin(script)).boxed()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move {
            // A script that still runs keeps it, and its end ends it.
            if let Some(session) = Arc::into_inner(self.session) {
                let _ = tokio::time::timeout(CLOSE_TIMEOUT, session.close()).await;
            }
        }
        .boxed()
    }
}

impl Ssh {
    async fn begin(&self, script: &Script<'_>) -> Result<Holding, ConnectionError> {
        let words = command_line(script);
        let mut command = Arc::clone(&self.session).arc_command(words[0]);
        command.args(&words[1..]).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let spawned = command.spawn().await;
        let mut child = spawned.map_err(|error| ConnectionError::Lost(described(&error)))?;
        let (input, output) = (child.stdin().take(), child.stdout().take());
        let errors = child.stderr().take();
        let ended = async move { drop(child.wait().await) }.boxed();
        begin(&script.input, input, output, errors, ended).await
    }

    async fn execute(&self, script: &Script<'_>) -> Result<ScriptOutput, ConnectionError> {
        let words = command_line(script);
        let mut command = self.session.command(words[0]);
        command.args(&words[1..]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(match script.input {
            Input::None => Stdio::null(),
            _ => Stdio::piped(),
        });
        let lost = |error: Error| ConnectionError::Lost(described(&error));
        let mut child = command.spawn().await.map_err(lost)?;
        let (input, output, errors) =
            (child.stdin().take(), child.stdout().take(), child.stderr().take());
        let (fed, stdout, stderr) =
            tokio::join!(feed(&script.input, input), read_all(output), read_all(errors));
        fed?;
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        let code = match child.wait().await {
            Ok(status) => status.code(),
            // ssh reports its own end by the code 255, which none of our scripts has.
            Err(Error::RemoteProcessTerminated | Error::Disconnected) => {
                // The shared connection has ended, and ssh has looked for the placeholder host on its command line.
                let said = match stderr.lines().next_back() {
                    Some(line) if !line.contains("hostname none") => line.to_owned(),
                    _ => "the machine no longer answers".to_owned(),
                };
                return Err(ConnectionError::Lost(said));
            }
            Err(Error::Remote(error)) if error.kind() == std::io::ErrorKind::NotFound => Some(127),
            Err(error) => return Err(lost(error)),
        };
        Ok(ScriptOutput { code, stdout, stderr })
    }
}

fn described(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
