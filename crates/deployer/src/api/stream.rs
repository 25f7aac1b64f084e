//! Streams, which last longer than a call: a container's log as it grows, and a program started in a container.

use std::io;
use std::pin::Pin;

use futures_util::io::{AsyncBufRead, AsyncBufReadExt};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{AttachParams, AttachedProcess};
use kube::core::subresource::LogParams;

use super::ApiServer;
use super::error::{CallError, Denied, Reason, Verb};

/// The longest line that is kept in one piece: a log without a line's end must not take all memory.
const LONGEST: usize = 64 * 1024;

/// A program in a container.
pub type Session = AttachedProcess;

/// A container's log, read line by line.
pub struct LogStream {
    reader: Pin<Box<dyn AsyncBufRead + Send>>,
}

impl LogStream {
    /// The next line without its end; none at the end of the log. A line that is longer than `LONGEST` comes in pieces.
    ///
    /// # Errors
    /// The connection was lost.
    pub async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        loop {
            let bytes = self.reader.fill_buf().await?;
            if bytes.is_empty() {
                return Ok((!line.is_empty()).then(|| text(&line)));
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let room = LONGEST - line.len();
            let taken = end.unwrap_or(bytes.len()).min(room);
            line.extend_from_slice(&bytes[..taken]);
            let is_whole = end == Some(taken);
            self.reader.as_mut().consume(taken + usize::from(is_whole));
            if is_whole || line.len() == LONGEST {
                return Ok(Some(text(&line)));
            }
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

impl ApiServer {
    /// Opens a container's log. With `follow` it ends when the container does.
    ///
    /// # Errors
    /// Also [`Reason::Invalid`]: the container has not started yet.
    pub async fn open_log(
        &self,
        namespace: &str,
        pod: &str,
        parameters: &LogParams,
    ) -> Result<LogStream, CallError> {
        let pods: Api<Pod> = Api::namespaced(self.client(), namespace);
        let object = format!("Pod {pod} in namespace {namespace}");
        let reader = self.call(Verb::Log, &object, || pods.log_stream(pod, parameters)).await?;
        Ok(LogStream { reader: Box::pin(reader) })
    }

    /// Starts a program in a container, once.
    ///
    /// # Errors
    /// Also [`Reason::Forbidden`]. That there is no such program is told by the session's status.
    pub async fn exec(
        &self,
        namespace: &str,
        pod: &str,
        command: &[String],
        parameters: &AttachParams,
    ) -> Result<Session, CallError> {
        let pods: Api<Pod> = Api::namespaced(self.client(), namespace);
        let object = format!("Pod {pod} in namespace {namespace}");
        let once = super::RetryPolicy { attempts: 1, ..self.policy.clone() };
        self.with_policy(once)
            .call(Verb::Exec, &object, || pods.exec(pod, command.iter().cloned(), parameters))
            .await
            .map_err(|error| self.named_denial(error, "pods/exec", namespace))
    }

    /// Names the permission that lacks where the API server does not: its second look at an upgraded request, for `create`
    /// (Kubernetes 1.35 on, `AuthorizePodWebsocketUpgradeCreatePermission`), is refused without a word of whom and what.
    pub(crate) fn named_denial(
        &self,
        mut error: CallError,
        resource: &str,
        namespace: &str,
    ) -> CallError {
        if matches!(&error.reason, Reason::Admission(text) if text.trim_end().ends_with("is forbidden:"))
        {
            error.reason = Reason::Forbidden(Box::new(Denied {
                user: format!("<that of context {}>", self.context()),
                verb: "create".to_owned(),
                resource: resource.to_owned(),
                group: String::new(),
                namespace: Some(namespace.to_owned()),
            }));
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(text: &[u8]) -> Vec<String> {
        let mut stream =
            LogStream { reader: Box::pin(futures_util::io::Cursor::new(text.to_vec())) };
        let mut lines = Vec::new();
        while let Some(line) = stream.line().await.expect("no loss") {
            lines.push(line);
        }
        lines
    }

    #[tokio::test]
    async fn lines_are_whole_and_bounded() {
        assert_eq!(lines(b"").await, Vec::<String>::new());
        assert_eq!(lines(b"a\n\nb").await, ["a", "", "b"]);
        assert_eq!(lines(b"a\xff\n").await, ["a\u{fffd}"]);
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(lines(format!("{long}\ny\n").as_bytes()).await, [&long[..LONGEST], "x", "y"]);
        let exact = "x".repeat(LONGEST);
        assert_eq!(lines(exact.as_bytes()).await, [exact]);
    }
}
