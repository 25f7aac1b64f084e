//! What stands between a client and moto: it counts calls, repairs the one answer that no strict reader takes, keeps the tags
//! that moto forgets, answers what moto has no answer to, carries out the instance refreshes that moto does not know, and lets calls
//! on objects past a policy that moto misreads.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

// By its path: the bench has this file as a module as well.
#[path = "wire/missing.rs"]
mod missing;
#[path = "wire/objects.rs"]
mod objects;
#[path = "wire/refresh.rs"]
mod refresh;

use missing::Asked;
use refresh::Refreshes;

/// moto names the root of this answer after its operation; S3 calls it as the SDK's model does.
const VERSIONING: (&str, &str) = ("GetBucketVersioningResponse", "VersioningConfiguration");

/// Held while a bucket is without its policy.
static OBJECTS: RwLock<()> = RwLock::new(());

/// A relay on a free port of this machine. It ends with the process.
pub(crate) struct Wire {
    pub(crate) url: String,
    calls: Arc<AtomicU64>,
}

impl Wire {
    /// In front of the server at this address.
    pub(crate) fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let calls = Arc::new(AtomicU64::new(0));
        let (server, counter) = (server.to_owned(), Arc::clone(&calls));
        let refreshes = Arc::new(Refreshes::default());
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (server, counter) = (server.clone(), Arc::clone(&counter));
                let refreshes = Arc::clone(&refreshes);
                // A client or a server that hangs up is the test's matter, not the relay's.
                std::thread::spawn(move || relay(client, &server, &counter, &refreshes));
            }
        });
        Self { url, calls }
    }

    /// How many calls have come so far.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

/// One request and its answer: moto ends the connection after each.
fn relay(
    mut client: TcpStream,
    server: &str,
    calls: &AtomicU64,
    refreshes: &Refreshes,
) -> std::io::Result<()> {
    let (mut head, mut body) = (Vec::new(), Vec::new());
    let mut buffer = [0; 16 * 1024];
    let end = loop {
        if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        match client.read(&mut buffer)? {
            0 => return Ok(()),
            count => head.extend_from_slice(&buffer[..count]),
        }
    };
    calls.fetch_add(1, Ordering::Relaxed);
    body.extend_from_slice(&head[end..]);
    head.truncate(end);
    let lines = String::from_utf8_lossy(&head).into_owned();
    let field = |name: &str| {
        let mut fields = lines.lines().filter_map(|line| line.split_once(':'));
        let found = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_owned())
    };
    if field("expect").is_some() {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let length = field("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    while body.len() < length {
        match client.read(&mut buffer)? {
            0 => return Ok(()),
            count => body.extend_from_slice(&buffer[..count]),
        }
    }
    if let Some(asked) = Asked::new(&lines, &String::from_utf8_lossy(&body)) {
        let send = |body: &str| {
            let head = with_length(&lines, body.len());
            let answer = forward(server, head.as_bytes(), body.as_bytes())?;
            let answer = String::from_utf8_lossy(&answer).into_owned();
            let is_done = answer.split(' ').nth(1).is_some_and(|status| status.starts_with('2'));
            if is_done { Ok(answer) } else { Err(std::io::Error::other(answer)) }
        };
        let answer = refreshes.answer(&asked, &send)?;
        if let Some(answer) = answer.or_else(|| missing::answer(&asked)) {
            return client.write_all(answer.as_bytes());
        }
    }
    let call = || forward(server, &head, &body);
    let answer = if let Some(bucket) = objects::bucket(&lines) {
        let _alone = OBJECTS.write().unwrap_or_else(PoisonError::into_inner);
        let send = |words: &str, body: &str| forward(server, &unsigned(words, body), &[]);
        objects::without_policy(bucket, &send, &call)?
    } else {
        let _among_others = OBJECTS.read().unwrap_or_else(PoisonError::into_inner);
        call()?
    };
    if let Some(tagging) = bucket_tags(&lines, &String::from_utf8_lossy(&body)) {
        forward(server, &tagging, &[])?;
    }
    client.write_all(&repaired(answer))
}

fn forward(server: &str, head: &[u8], body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(server)?;
    server.write_all(head)?;
    server.write_all(body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    Ok(answer)
}

/// The request that sets the tags which a bucket is created with.
fn bucket_tags(head: &str, body: &str) -> Option<Vec<u8>> {
    let path = head.strip_prefix("PUT ")?.split([' ', '?']).next()?;
    let (_, rest) = body.split_once("<CreateBucketConfiguration")?.1.split_once("<Tags>")?;
    let tags = rest.split_once("</Tags>")?.0;
    let body = format!("<Tagging><TagSet>{tags}</TagSet></Tagging>");
    Some(unsigned(&format!("PUT {path}?tagging"), &body))
}

/// A request to S3 that nobody has signed.
fn unsigned(words: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("{words} HTTP/1.1\r\nhost: s3.amazonaws.com\r\ncontent-length: {length}");
    format!("{head}\r\n\r\n{body}").into_bytes()
}

fn repaired(answer: Vec<u8>) -> Vec<u8> {
    let (wrong, right) = VERSIONING;
    let is_wrong = answer.windows(wrong.len()).any(|window| window == wrong.as_bytes());
    let Some((head, body)) = is_wrong.then(|| split(&answer)).flatten() else { return answer };
    let body = body.replace(wrong, right);
    format!("{}{body}", with_length(head, body.len())).into_bytes()
}

/// The head of a request or an answer, for a body of another length.
fn with_length(head: &str, length: usize) -> String {
    let is_kept =
        |line: &&str| !line.is_empty() && !line.to_ascii_lowercase().starts_with("content-length");
    let head: Vec<_> = head.lines().filter(is_kept).collect();
    format!("{}\r\ncontent-length: {length}\r\n\r\n", head.join("\r\n"))
}

fn split(answer: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(answer).ok()?.split_once("\r\n\r\n")
}
