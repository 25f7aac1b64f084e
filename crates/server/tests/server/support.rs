//! A running service and a raw client.

use rustix::process::{Pid, Signal, kill_process};
use skyward_server::{App, Outcome, Server, Settings, Stop};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The longest that anything here is waited for.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// The binary, on free ports of loopback.
pub(crate) fn command(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hello"));
    command.args(["--host", "127.0.0.1", "--port", "0", "--admin-port", "0"]).args(flags);
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SKYWARD_"))
    {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The service in a process of its own; killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// Standard output so far, with the start-up lines.
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut child = command(flags).spawn().expect("the binary starts");
        let mut output = BufReader::new(child.stdout.take().expect("is piped"));
        let mut first = || {
            let mut line = String::new();
            output.read_line(&mut line).expect("is text");
            line.trim_end().to_owned()
        };
        let start = vec![first(), first()];
        let address =
            |line: &str| line.rsplit_once("http://").and_then(|(_, address)| address.parse().ok());
        let [Some(service), Some(admin)] = [address(&start[0]), address(&start[1])] else {
            let mut errors = String::new();
            let _ = child.stderr.take().expect("is piped").read_to_string(&mut errors);
            panic!("no start-up lines: {start:?} {errors}");
        };
        let lines = Arc::new(Mutex::new(start));
        let of_reader = Arc::clone(&lines);
        let reader = std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                of_reader.lock().unwrap().push(line);
            }
        });
        Self { child, address: service, admin, lines, reader: Some(reader) }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the process is there");
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits for the lines of the access log to be as many as `count`, without the two start-up lines.
    pub(crate) fn log(&self, count: usize) -> Vec<String> {
        wait_for("lines of the log", || self.lines().len() >= count + 2);
        self.lines()[2..].to_vec()
    }

    pub(crate) fn metrics(&self) -> String {
        String::from_utf8(get(self.admin, "/metrics").body).unwrap()
    }

    /// The end, as it comes by itself, with all lines that were said.
    pub(crate) fn wait(&mut self) -> (ExitStatus, Vec<String>, String) {
        let mut status = None;
        wait_for("the end of the process", || {
            status = self.child.try_wait().expect("is ours");
            status.is_some()
        });
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        let mut errors = String::new();
        let _ = self.child.stderr.take().expect("taken once").read_to_string(&mut errors);
        (status.expect("has ended"), self.lines(), errors)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server in this process, with an application and settings that the binary does not have.
pub(crate) struct InProcess {
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    stopper: tokio::sync::mpsc::UnboundedSender<Stop>,
    thread: Option<JoinHandle<Outcome>>,
    output: Arc<Mutex<Vec<u8>>>,
}

struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl InProcess {
    pub(crate) fn start(app: impl Into<App>, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            admin_port: 0,
            drain_delay_ms: Some(0),
            ..Settings::default()
        };
        change(&mut settings);
        let server = Server::bind(settings, app).expect("binds");
        let (address, stopper) = (server.address().unwrap(), server.stopper());
        let admin = server.admin_address().unwrap();
        let output = Arc::new(Mutex::new(Vec::new()));
        let sink = Box::new(Shared(Arc::clone(&output)));
        let thread = std::thread::spawn(move || server.run(sink).expect("runs"));
        Self { address, admin, stopper, thread: Some(thread), output }
    }

    pub(crate) fn begin_to_stop(&self) {
        self.stopper.send(Stop::Terminate).expect("runs");
    }

    /// Stops it; the outcome and the log.
    pub(crate) fn stop(mut self) -> (Outcome, String) {
        let _ = self.stopper.send(Stop::Terminate);
        self.end()
    }

    /// Waits for a stop that has begun.
    pub(crate) fn end(&mut self) -> (Outcome, String) {
        let outcome = self.thread.take().expect("ended once").join().expect("does not panic");
        (outcome, String::from_utf8(self.output.lock().unwrap().clone()).unwrap())
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = self.stopper.send(Stop::Terminate);
            let _ = self.stopper.send(Stop::Terminate);
            let _ = thread.join();
        }
    }
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("is text")
    }

    /// That it is an error with a problem of its own status.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem: serde_json::Value =
            serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert_eq!(problem["status"], status);
    }
}

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).expect("connects")
    }

    pub(crate) fn try_connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::new() })
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).expect("sends");
    }

    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// The next answer; `with_body` is false for the answer to a HEAD.
    pub(crate) fn try_answer(&mut self, with_body: bool) -> io::Result<Answer> {
        let end = loop {
            if let Some(position) =
                self.received.windows(4).position(|window| window == b"\r\n\r\n")
            {
                break position + 4;
            }
            self.receive()?;
        };
        let head = String::from_utf8(self.received.drain(..end).collect()).expect("is text");
        let status =
            head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("has a status");
        let mut answer = Answer { status, head, body: Vec::new() };
        let length = answer
            .header("content-length")
            .map_or(0, |length| length.parse().expect("is a number"));
        if with_body {
            while self.received.len() < length {
                self.receive()?;
            }
            answer.body = self.received.drain(..length).collect();
        }
        Ok(answer)
    }

    #[track_caller]
    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer(true).expect("is answered")
    }

    /// That the server has closed, with nothing more said.
    #[track_caller]
    pub(crate) fn assert_closed(&mut self) {
        let mut rest = std::mem::take(&mut self.received);
        self.stream.read_to_end(&mut rest).expect("is closed and not reset");
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }

    fn receive(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.received.extend_from_slice(&buffer[..read]);
                Ok(())
            }
        }
    }
}

/// One request on a connection of its own.
#[track_caller]
pub(crate) fn ask(address: SocketAddr, request: impl AsRef<[u8]>) -> Answer {
    let mut client = Client::connect(address);
    client.send(request);
    client.answer()
}

#[track_caller]
pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
}

/// Waits until `condition` holds.
#[track_caller]
pub(crate) fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + TIMEOUT;
    while !condition() {
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
