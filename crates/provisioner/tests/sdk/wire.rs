//! What stands between a client and moto: it counts calls, repairs the one answer that no strict reader takes, keeps the tags
//! that moto forgets, and answers what moto has no answer to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

// By its path: the bench has this file as a module as well.
#[path = "wire/missing.rs"]
mod missing;

/// moto names the root of this answer after its operation; S3 calls it as the SDK's model does.
const VERSIONING: (&str, &str) = ("GetBucketVersioningResponse", "VersioningConfiguration");

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
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (server, counter) = (server.clone(), Arc::clone(&counter));
                // A client or a server that hangs up is the test's matter, not the relay's.
                std::thread::spawn(move || relay(client, &server, &counter));
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
fn relay(mut client: TcpStream, server: &str, calls: &AtomicU64) -> std::io::Result<()> {
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
    if let Some(answer) = missing::answer(&lines, &String::from_utf8_lossy(&body)) {
        return client.write_all(answer.as_bytes());
    }
    let answer = forward(server, &head, &body)?;
    if let Some(tagging) = bucket_tags(&lines, &String::from_utf8_lossy(&body)) {
        forward(server, tagging.as_bytes(), &[])?;
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
fn bucket_tags(head: &str, body: &str) -> Option<String> {
    let path = head.strip_prefix("PUT ")?.split([' ', '?']).next()?;
    let (_, rest) = body.split_once("<CreateBucketConfiguration")?.1.split_once("<Tags>")?;
    let tags = rest.split_once("</Tags>")?.0;
    let body = format!("<Tagging><TagSet>{tags}</TagSet></Tagging>");
    let length = body.len();
    Some(format!(
        "PUT {path}?tagging HTTP/1.1\r\nhost: s3.amazonaws.com\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

fn repaired(answer: Vec<u8>) -> Vec<u8> {
    let (wrong, right) = VERSIONING;
    let is_wrong = answer.windows(wrong.len()).any(|window| window == wrong.as_bytes());
    let Some((head, body)) = is_wrong.then(|| split(&answer)).flatten() else { return answer };
    let body = body.replace(wrong, right);
    let head = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length"));
    let head: Vec<_> = head.collect();
    format!("{}\r\ncontent-length: {}\r\n\r\n{body}", head.join("\r\n"), body.len()).into_bytes()
}

fn split(answer: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(answer).ok()?.split_once("\r\n\r\n")
}
