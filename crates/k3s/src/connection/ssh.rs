//! A machine over the system's own ssh: its agent, its configuration, its jumps and its known hosts hold.

use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use openssh::{ControlPersist, Error, KnownHosts, Session, SessionBuilder, Stdio};

use super::{Answer, Connection, ConnectionError, Input, Script, all, feed, host_key, words};
use crate::cluster::Machine;

/// How long a machine may take to answer.
const CONNECT: Duration = Duration::from_secs(15);
/// How often a silent machine is asked whether it is there; after three times it is not.
const ALIVE: Duration = Duration::from_secs(5);
/// A connection whose operator was killed ends by itself after so many seconds.
const IDLE: NonZeroUsize = NonZeroUsize::new(300).unwrap();

/// What is done about a host key that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostKeys {
    /// It is refused.
    #[default]
    Known,
    /// It is written down. One that differs from a known one is refused still.
    AcceptNew,
}

/// A connection by ssh.
pub struct Ssh {
    session: Session,
}

impl Ssh {
    /// Connects.
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
            .connect_timeout(CONNECT)
            .server_alive_interval(ALIVE)
            .control_directory(std::env::temp_dir())
            .control_persist(ControlPersist::IdleFor(IDLE));
        if let Some(user) = &machine.user {
            builder.user(user.clone());
        }
        if let Some(port) = machine.port {
            builder.port(port);
        }
        // ssh's own limit does not hold while a proxy command or a jump connects.
        let connected = tokio::time::timeout(CONNECT * 3, builder.connect(address))
            .await
            .map_err(|_| ConnectionError::Late(CONNECT * 3))?;
        match connected {
            Ok(session) => Ok(Self { session }),
            Err(Error::Connect(error)) => {
                Err(host_key::explain(machine, address, &error.to_string()).await)
            }
            Err(error) => Err(ConnectionError::Here(described(&error))),
        }
    }
}

impl Connection for Ssh {
    fn run<'a>(&'a self, script: &'a Script<'a>) -> BoxFuture<'a, Result<Answer, ConnectionError>> {
        let limit = script.limit;
        async move {
            tokio::time::timeout(limit, self.execute(script))
                .await
                .unwrap_or(Err(ConnectionError::Late(limit)))
        }
        .boxed()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move {
            // A master that cannot be ended ends by itself.
            let _ = tokio::time::timeout(Duration::from_secs(3), self.session.close()).await;
        }
        .boxed()
    }
}

impl Ssh {
    async fn execute(&self, script: &Script<'_>) -> Result<Answer, ConnectionError> {
        let words = words(script);
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
            tokio::join!(feed(&script.input, input), all(output), all(errors));
        fed?;
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        let code = match child.wait().await {
            Ok(status) => status.code(),
            // ssh tells its own end by the code 255, which no script of ours has.
            Err(Error::RemoteProcessTerminated | Error::Disconnected) => {
                // The shared connection has ended, and ssh has looked for the host that stands in its place on its command line.
                let said = match stderr.lines().next_back() {
                    Some(line) if !line.contains("hostname none") => line.to_owned(),
                    _ => "the machine no longer answers".to_owned(),
                };
                return Err(ConnectionError::Lost(said));
            }
            Err(Error::Remote(error)) if error.kind() == std::io::ErrorKind::NotFound => Some(127),
            Err(error) => return Err(lost(error)),
        };
        Ok(Answer { code, stdout, stderr })
    }
}

fn described(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
