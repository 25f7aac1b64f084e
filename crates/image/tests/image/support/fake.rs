//! A small registry in this process, which does what a real one cannot be made to do.
//!
//! It holds what a registry holds and judges what it is sent: digests must match, a manifest's
//! blobs must be there. A script may answer any request in its place, or break the connection.

mod answers;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use answers::answer;

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// With the query.
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Whether it is this method on a path that holds this part.
    pub fn is(&self, method: &str, part: &str) -> bool {
        self.method == method && self.path.contains(part)
    }

    pub fn query(&self, key: &str) -> Option<String> {
        let (_, query) = self.path.split_once('?')?;
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{key}=")))?;
        Some(pair.replace("%3A", ":").replace("%2F", "/"))
    }
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Sends so many bytes of the body, then breaks the connection.
    pub cut: Option<usize>,
}

impl Reply {
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| !header.eq_ignore_ascii_case(name));
        self
    }

    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn error(status: u16, code: &str) -> Self {
        Self::new(status).body(format!(r#"{{"errors":[{{"code":"{code}","message":"no"}}]}}"#))
    }
}

/// What a script does with a request.
pub enum Act {
    /// The registry answers.
    Pass,
    /// The script answers.
    Answer(Reply),
    /// The connection breaks before anything happens.
    Cut,
    /// The request takes effect, its answer gets lost.
    Lose,
    /// So many bytes of the body arrive, then the connection breaks.
    CutBody(usize),
    /// Nothing happens for so long.
    Hang(Duration),
    /// The registry answers, and the script changes the answer.
    Change(fn(Reply) -> Reply),
}

type Script = Box<dyn FnMut(usize, &Request) -> Act + Send>;

/// What the registry holds.
#[derive(Default)]
pub struct State {
    pub blobs: HashMap<(String, String), Vec<u8>>,
    pub manifests: HashMap<(String, String), Vec<u8>>,
    pub uploads: HashMap<String, Vec<u8>>,
    pub log: Vec<Request>,
    pub referrers_api: bool,
    /// Tags that were set while a part of their image was missing.
    pub broken_tags: Vec<String>,
    sessions: usize,
}

impl State {
    pub fn tags(&self) -> HashSet<String> {
        let selectors = self.manifests.keys().map(|(_, selector)| selector.clone());
        selectors.filter(|selector| !selector.contains(':')).collect()
    }

    pub fn count(&self, method: &str, part: &str) -> usize {
        self.log.iter().filter(|request| request.is(method, part)).count()
    }
}

/// The running registry; it ends with the test's process.
pub struct Fake {
    pub address: SocketAddr,
    pub state: Arc<Mutex<State>>,
}

impl Fake {
    /// Starts one that the script may interrupt; it is given the number of the request, from 0.
    pub fn start(script: impl FnMut(usize, &Request) -> Act + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("the port");
        let state = Arc::new(Mutex::new(State::default()));
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(script)));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, script) = (Arc::clone(&shared), Arc::clone(&script));
                // A broken connection is what scripts are for.
                thread::spawn(move || serve(&stream, &state, &script));
            }
        });
        Self { address, state }
    }

    pub fn plain() -> Self {
        Self::start(|_, _| Act::Pass)
    }

    pub fn reference(&self, rest: &str) -> String {
        format!("{}/{rest}", self.address)
    }

    pub fn log(&self) -> Vec<Request> {
        self.state.lock().unwrap().log.clone()
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>, script: &Mutex<Script>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (mut request, length) = head(&mut reader)?;
        let act = {
            let mut state = state.lock().unwrap();
            state.log.push(request.clone());
            let number = state.log.len() - 1;
            script.lock().unwrap()(number, &request)
        };
        if let Act::CutBody(count) = act {
            reader.by_ref().take(count as u64).read_to_end(&mut request.body).ok()?;
            answer(&request, &mut state.lock().unwrap());
            return None;
        }
        if let Act::Cut = act {
            return None;
        }
        reader.by_ref().take(length).read_to_end(&mut request.body).ok()?;
        state.lock().unwrap().log.last_mut()?.body.clone_from(&request.body);
        let reply = match act {
            Act::Answer(reply) => reply,
            Act::Hang(time) => {
                thread::sleep(time);
                return None;
            }
            Act::Change(change) => change(answer(&request, &mut state.lock().unwrap())),
            Act::Lose => {
                answer(&request, &mut state.lock().unwrap());
                return None;
            }
            _ => answer(&request, &mut state.lock().unwrap()),
        };
        write(stream, &request, &reply)?;
    }
}

fn head(reader: &mut impl BufRead) -> Option<(Request, u64)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut parts = line.split_whitespace();
    let (method, path) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    Some((Request { method, path, headers, body: Vec::new() }, length))
}

fn write(mut stream: &TcpStream, request: &Request, reply: &Reply) -> Option<()> {
    let mut lines = vec![format!("HTTP/1.1 {} x", reply.status)];
    lines.extend(reply.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if reply.status != 204 {
        lines.push(format!("Content-Length: {}", reply.body.len()));
    }
    let head = lines.join("\r\n") + "\r\n\r\n";
    // In one write: two of them would wait for each other's acknowledgement.
    let mut answer = head.into_bytes();
    if request.method != "HEAD" {
        answer.extend_from_slice(&reply.body[..reply.cut.unwrap_or(reply.body.len())]);
    }
    stream.write_all(&answer).ok()?;
    if reply.cut.is_some() { None } else { Some(()) }
}
