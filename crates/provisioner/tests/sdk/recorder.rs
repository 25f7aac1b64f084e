//! What the SDK's side sends, name by name and value by value, to be held against what the AWS SDK for Rust sends for the same calls.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;

use skyward_aws::model::Tags;
use skyward_aws::sdk::Sdk;
use skyward_aws::{ApiError, Call, Operation, Service, send};

use crate::server::loader;

/// An endpoint that keeps the requests that it is sent, heads and forms, and answers nothing of use.
fn recorder() -> (String, mpsc::Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (requests, received) = mpsc::channel();
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut request = Vec::new();
            let sent = loop {
                let mut buffer = [0; 16 * 1024];
                let count = client.read(&mut buffer).expect("a request");
                request.extend_from_slice(&buffer[..count]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = field(head, "content-length").and_then(|value| value.parse().ok());
                if body.len() >= length.unwrap_or(0_usize) {
                    break (head.to_owned(), body.to_owned());
                }
            };
            let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\n<a/>";
            client.write_all(answer.as_bytes()).expect("it waits for the answer");
            requests.send(sent).expect("the test waits");
        }
    });
    (url, received)
}

/// The value of a field of a head.
fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let found = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim())
}

/// The parameters of a form, decoded, in order.
fn parameters(form: &str) -> BTreeMap<String, String> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8().expect("text").into_owned()
    };
    let pairs = form.split('&').map(|pair| pair.split_once('=').expect("name=value"));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// Sends each call to the recorder.
pub(crate) struct Sent {
    sdk: Sdk,
    received: mpsc::Receiver<(String, String)>,
    text: String,
    /// The distinct heads, without what changes from call to call.
    heads: BTreeSet<String>,
}

impl Sent {
    /// Nothing is sent yet.
    pub(crate) async fn new() -> Self {
        let (url, received) = recorder();
        let sdk = Sdk::with(loader("eu-central-1").endpoint_url(url)).await;
        Self { sdk, received, text: String::new(), heads: BTreeSet::new() }
    }

    /// Sends this call.
    pub(crate) async fn send<C: Call>(&mut self, call: C) {
        // That the answer cannot be read is not the matter here.
        let _: Result<C::Output, ApiError> = send(&self.sdk, call).await;
        let (head, form) = self.received.recv().expect("a request");
        let line = head.lines().next().unwrap_or_default();
        let kind = field(&head, "content-type").unwrap_or_default();
        let scope = field(&head, "authorization").and_then(|text| text.split_once("Credential="));
        let scope: Vec<_> = scope.unwrap_or_default().1.split([',', '/']).collect();
        self.heads.insert(format!("{line}, {kind}, for {}", scope[2..4].join("/")));
        for (name, value) in parameters(&form) {
            let _ = writeln!(self.text, "{name} = {value:?}");
        }
        self.text.push('\n');
    }

    /// Every operation of these services was sent, and each call as it is here: blocks of parameters, decoded and in order.
    pub(crate) fn must_be(&self, theirs: &str, services: &[Service]) {
        let mut operations: BTreeSet<&str> = Operation::ALL
            .iter()
            .filter(|operation| services.contains(&operation.service()))
            .map(|operation| operation.action())
            .collect();
        for line in self.text.lines() {
            if let Some(name) = line.strip_prefix("Action = ") {
                operations.remove(name.trim_matches('"'));
            }
        }
        assert!(operations.is_empty(), "not sent: {operations:?}");
        let (ours, theirs) = (self.text.split_terminator("\n\n"), theirs.trim_end().split("\n\n"));
        for (ours, theirs) in ours.clone().zip(theirs.clone()) {
            assert_eq!(ours, theirs);
        }
        assert_eq!(ours.count(), theirs.count());
    }

    /// The parameters of all calls so far, a line for each.
    pub(crate) fn parameters(&self) -> Vec<&str> {
        self.text.lines().filter(|line| !line.is_empty()).collect()
    }

    /// The distinct heads: the method, the path, the type of the form, and the region and service that the signature is for.
    pub(crate) fn heads(&self) -> Vec<&str> {
        self.heads.iter().map(String::as_str).collect()
    }
}

pub(crate) fn names<T: FromIterator<String>>(names: &[&str]) -> T {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub(crate) fn text(text: &str) -> String {
    text.to_owned()
}

pub(crate) fn tags() -> Tags {
    [("Name", "a name: é&<>+ %"), ("empty", "")]
        .map(|(name, value)| (text(name), text(value)))
        .into()
}
