//! One question to the service, and the verdict on its answer. The failure names the URL and the answer.

use std::net::SocketAddr;
use std::time::Instant;

use skyward_terminal::text::harmless;
use ureq::Agent;

use crate::event::Check;

/// The most characters of an answer that are shown.
const LONGEST_SHOWN: usize = 80;
/// The longest answer that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// A GET that is sent to the service.
#[derive(Clone, Debug)]
pub(super) struct Question {
    name: &'static str,
    address: SocketAddr,
    path: String,
    right: Right,
}

/// The answers that are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    /// 200 alone.
    Ok,
    /// Any but a failure of the server.
    NoFailure,
    /// Any, or none.
    Any,
}

/// An answer.
struct Answer {
    status: u16,
    location: Option<String>,
    body: String,
}

impl Question {
    /// A question whose answer is shown, whatever it is.
    pub(super) fn new(name: &'static str, address: SocketAddr, path: &str) -> Self {
        Self { name, address, path: path.to_owned(), right: Right::Any }
    }

    /// The same, answered by 200.
    pub(super) fn must_be_200(self) -> Self {
        Self { right: Right::Ok, ..self }
    }

    /// The same, answered by anything but a failure of the server.
    pub(super) fn must_not_fail(self) -> Self {
        Self { right: Right::NoFailure, ..self }
    }

    fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    /// Asks.
    pub(super) fn ask(&self, agent: &Agent) -> Check {
        let started = Instant::now();
        let answer = self.get(agent);
        let seconds = started.elapsed().as_secs_f64();
        let (status, ok, detail) = match &answer {
            Ok(answer) => {
                let ok = match self.right {
                    Right::Ok => answer.status == 200,
                    Right::NoFailure => answer.status < 500,
                    Right::Any => true,
                };
                let detail = if ok { self.shown(answer) } else { self.wrong(answer) };
                (Some(answer.status), ok, detail)
            }
            Err(error) => (None, self.right == Right::Any, format!("GET {}: {error}", self.url())),
        };
        Check { name: self.name, path: Some(self.path.clone()), status, ok, seconds, detail }
    }

    fn get(&self, agent: &Agent) -> Result<Answer, ureq::Error> {
        let mut response = agent.get(self.url()).call()?;
        let location = response.headers().get("location");
        let location = location.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(LONGEST).lossy_utf8(true);
        Ok(Answer { status, location, body: body.read_to_string()? })
    }

    fn shown(&self, answer: &Answer) -> String {
        if self.name == "metrics" { summary(&answer.body) } else { line(&answer.body) }
    }

    /// The URL and the answer, where 200 was wanted.
    fn wrong(&self, answer: &Answer) -> String {
        let url = self.url();
        let status = answer.status;
        match (&answer.location, line(&answer.body)) {
            (Some(location), _) if (300..400).contains(&status) => {
                format!("GET {url} redirects to {}", line(location))
            }
            (_, body) if body.is_empty() => format!("GET {url} answers {status}"),
            (_, body) => format!("GET {url} answers {status}: {body}"),
        }
    }
}

/// The next step for a health check that is answered by another status than 200.
pub(super) fn advice(status: u16) -> Option<&'static str> {
    Some(match status {
        300..=399 => {
            "name a path in service.health that answers 200 itself: redirects are not followed"
        }
        401 | 403 => "name a path in service.health that asks for no login",
        404 | 405 => "name the path that answers a GET with 200 in service.health",
        503 => "read the service's output: it says that it is not ready",
        _ => return None,
    })
}

fn summary(metrics: &str) -> String {
    let samples = metrics.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    format!("{samples} samples")
}

/// The first line of a text, shortened.
fn line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    harmless(line).chars().take(LONGEST_SHOWN).collect()
}
