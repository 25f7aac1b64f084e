//! A program in a container, with this terminal as its own.

use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;
use std::thread;

use futures_util::SinkExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::api::{AttachParams, TerminalSize};
use rustix::termios::{self, OptionalActions, Termios};
use skyward_terminal::style::Stream;
use skyward_terminal::text;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::pods::Target;
use crate::api::{ApiServer, CallError, Session};

/// Bytes that are copied at a time.
const BUFFER: usize = 16 * 1024;

/// The program to start.
#[derive(Debug, Clone)]
pub struct Program {
    /// The words of its command line.
    pub command: Vec<String>,
    /// Gives it this process's standard input.
    pub stdin: bool,
    /// Gives it a terminal.
    pub tty: bool,
}

/// The reason why a program did not run to its end.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The API server said no, or nothing.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The container has no such program.
    #[error(
        "starting {program} in pod {pod}: {reason}. Next step: name a program that the image has; one that was made from nothing has the \
         service alone, and no shell"
    )]
    NotStarted {
        /// The program.
        program: String,
        /// The pod.
        pod: String,
        /// The container runtime's words.
        reason: String,
    },
    /// The connection was lost.
    #[error(
        "running {program} in pod {pod}: {reason}. Next step: run this again; the program may still be running"
    )]
    Lost {
        /// The program.
        program: String,
        /// The pod.
        pod: String,
        /// The reason.
        reason: String,
    },
    /// The terminal cannot be set up.
    #[error("preparing the terminal: {0}. Next step: run this without --tty")]
    Terminal(#[from] io::Error),
}

/// Runs a program in a container to its end, and returns its exit code.
///
/// # Errors
/// It cannot be started, or the connection is lost.
pub async fn run_program(
    api: &ApiServer,
    namespace: &str,
    target: &Target,
    program: &Program,
) -> Result<ExitCode, SessionError> {
    let parameters = AttachParams {
        container: Some(target.container.clone()),
        stdin: program.stdin,
        stdout: true,
        // A terminal has one output.
        stderr: !program.tty,
        tty: program.tty,
        ..AttachParams::default()
    };
    let mut session = api.exec(namespace, &target.pod, &program.command, &parameters).await?;
    let raw = program.tty.then(RawTerminal::enter).transpose()?;
    if program.tty {
        follow_size(&mut session)?;
    }
    if let Some(mut stdin) = session.stdin() {
        let mut input = input();
        tokio::spawn(async move {
            while let Some(bytes) = input.recv().await {
                if stdin.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            let _ = stdin.shutdown().await;
        });
    }
    let status = session.take_status();
    let (out, err) = (session.stdout(), session.stderr());
    // What a program draws on a terminal of its own is meant for it; what it writes otherwise is text of others.
    let [plain_out, plain_err] =
        [Stream::Out, Stream::Err].map(|it| !program.tty && it.is_terminal());
    tokio::join!(
        copy(out, || io::stdout().lock(), plain_out),
        copy(err, || io::stderr().lock(), plain_err),
    );
    let ended = match status {
        Some(status) => status.await,
        None => None,
    };
    drop(raw);
    let (program, pod) = (program.command.join(" "), target.pod.clone());
    if let Some(status) = ended {
        return outcome(&status).map_err(|reason| SessionError::NotStarted {
            program,
            pod,
            reason,
        });
    }
    let reason = match session.join().await {
        Err(error) => error.to_string(),
        Ok(()) => "the connection ended before the program did".to_owned(),
    };
    Err(SessionError::Lost { program, pod, reason })
}

/// The program's exit code, or why it did not start.
fn outcome(status: &Status) -> Result<ExitCode, String> {
    if status.status.as_deref() == Some("Success") {
        return Ok(ExitCode::SUCCESS);
    }
    let causes = status.details.iter().flat_map(|details| details.causes.iter().flatten());
    let mut code = causes.filter(|cause| cause.reason.as_deref() == Some("ExitCode"));
    let code = code.find_map(|cause| cause.message.as_deref()?.parse::<u8>().ok());
    code.map(ExitCode::from).ok_or_else(|| {
        let message = status.message.as_deref().unwrap_or("the node gives no reason");
        text::one_line(message)
    })
}

/// Copies what the program writes. A reader of ours that has left is no reason to end the program.
async fn copy<W: Write>(
    source: Option<impl AsyncRead + Unpin>,
    target: impl Fn() -> W,
    is_plain: bool,
) {
    let Some(mut source) = source else { return };
    let mut bytes = vec![0; BUFFER];
    while let Ok(count @ 1..) = source.read(&mut bytes).await {
        let mut target = target();
        let _ = if is_plain {
            target.write_all(text::harmless(&String::from_utf8_lossy(&bytes[..count])).as_bytes())
        } else {
            target.write_all(&bytes[..count])
        };
        let _ = target.flush();
    }
}

/// Standard input, read on a thread of its own: a read that nobody answers must not hold up the end of the program.
fn input() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(4);
    thread::spawn(move || {
        let mut bytes = vec![0; BUFFER];
        while let Ok(count @ 1..) = io::stdin().lock().read(&mut bytes) {
            if sender.blocking_send(bytes[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Tells the program the size of the terminal, now and whenever it changes.
fn follow_size(session: &mut Session) -> io::Result<()> {
    let Some(mut sizes) = session.terminal_size() else { return Ok(()) };
    let mut changes = signal(SignalKind::window_change())?;
    tokio::spawn(async move {
        loop {
            if let Some((width, height)) = Stream::Out.size() {
                let [width, height] =
                    [width, height].map(|it| u16::try_from(it).unwrap_or(u16::MAX));
                if sizes.send(TerminalSize { width, height }).await.is_err() {
                    return;
                }
            }
            if changes.recv().await.is_none() {
                return;
            }
        }
    });
    Ok(())
}

/// The terminal without line editing and signals of its own, until this is dropped.
struct RawTerminal(Termios);

impl RawTerminal {
    fn enter() -> io::Result<Self> {
        if !io::stdin().is_terminal() {
            return Err(io::Error::other("standard input is no terminal"));
        }
        let before = termios::tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        termios::tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self(before))
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_programs_exit_code_is_ours() {
        let of = |status: serde_json::Value| {
            outcome(&serde_json::from_value(status).expect("a status"))
                .map(|code| format!("{code:?}"))
        };
        let code = |code: u8| Ok(format!("{:?}", ExitCode::from(code)));
        assert_eq!(of(json!({"status": "Success"})), code(0));
        let exit = json!({"status": "Failure", "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": "7"}]}});
        assert_eq!(of(exit), code(7));
        let missing =
            json!({"status": "Failure", "message": "exec: \"sh\": executable file\nnot found"});
        assert_eq!(of(missing), Err("exec: \"sh\": executable file not found".to_owned()));
    }
}
