//! The head of a request, read line by line and strictly.
//!
//! hyper's parser is lenient where it matters behind a load balancer: it takes a bare line feed, a missing or
//! repeated Host, and Content-Length together with Transfer-Encoding. All that two parsers could read
//! differently is refused here, before hyper sees a byte of it (RFC 9112 §11.2, request smuggling).

use super::syntax::{self, Target};
use crate::endpoint::HeadLimits;
use crate::problem::{self, Refusal};

/// Bytes of a request target, if the head may be that large (RFC 9112 §3 asks for at least 8000).
const MAX_TARGET: usize = 8_192;
const BOTH_FRAMINGS: Refusal =
    Refusal::bad_request("there is both a Content-Length and a Transfer-Encoding");
const MALFORMED: Refusal = Refusal::bad_request("the request line is malformed");
/// Header lines; hyper takes no more.
const MAX_LINES: usize = 100;

/// The framing of the body after a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// So many bytes; 0 for none.
    Sized(u64),
    /// Chunks.
    Chunked,
}

/// The state of a head that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    /// It is not complete yet.
    More,
    /// It is the first `length` bytes.
    Complete {
        /// Bytes, with the empty line.
        length: usize,
        /// The start and the end of its request line, without the line's end.
        line: (usize, usize),
        /// The body that follows.
        body: BodyKind,
        /// It names a minor version above 1, as one may that can do more; it is served as HTTP/1.1 (RFC 9110 §2.5).
        other_minor: bool,
    },
    /// It is refused.
    Refuse(Refusal),
}

/// A head that is being read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    /// The start of the current line.
    line: usize,
    /// Header lines so far, the request line being the first; 0 before it.
    lines: usize,
    first: (usize, usize),
    /// The minor version of HTTP/1.
    minor: u8,
    has_host: bool,
    /// The target named the host itself (absolute form): it counts, not the header (RFC 9112 §3.2.2).
    target_host: bool,
    body: Option<BodyKind>,
}

impl Head {
    /// Reads on in `input`, which starts where the head starts and is as before with more bytes at its end.
    pub(crate) fn advance(&mut self, input: &[u8], rules: &HeadLimits) -> Scan {
        while let Some(position) = memchr::memchr(b'\n', &input[self.line..]) {
            let end = self.line + position;
            if end + 1 > rules.max_header_bytes {
                return Scan::Refuse(self.too_large());
            }
            if self.lines == 0 {
                self.first = (self.line, end.max(1) - 1);
            }
            let Some(line) = input[self.line..end].strip_suffix(b"\r") else {
                return Scan::Refuse(Refusal::bad_request("a line ends in a bare line feed"));
            };
            self.line = end + 1;
            match self.read(line, rules) {
                Ok(None) => {}
                Ok(Some(body)) => {
                    let (line, other_minor) = (self.first, self.minor > 1);
                    return Scan::Complete { length: end + 1, line, body, other_minor };
                }
                Err(refusal) => return Scan::Refuse(refusal),
            }
        }
        let partial = input.len() - self.line;
        if input.len() >= rules.max_header_bytes {
            Scan::Refuse(self.too_large())
        } else if self.lines == 0 && partial > MAX_TARGET + 64 {
            Scan::Refuse(problem::LONG_TARGET)
        } else if self.lines == 0 && partial > 0 && !begins_a_line(input[self.line]) {
            // Not HTTP, and so perhaps without a line feed that could be waited for.
            Scan::Refuse(not_http(&input[self.line..]))
        } else {
            Scan::More
        }
    }

    fn too_large(&self) -> Refusal {
        if self.lines == 0 { problem::LONG_TARGET } else { problem::LARGE_HEAD }
    }

    fn read(&mut self, line: &[u8], rules: &HeadLimits) -> Result<Option<BodyKind>, Refusal> {
        if self.lines == 0 {
            // Empty lines before a request are skipped (RFC 9112 §2.2); they count into the size.
            if !line.is_empty() {
                self.request_line(line, rules)?;
                self.lines = 1;
            }
            return Ok(None);
        }
        if line.is_empty() {
            return self.complete(rules).map(Some);
        }
        self.lines += 1;
        if self.lines > MAX_LINES + 1 {
            return Err(problem::LARGE_HEAD);
        }
        self.field(line, rules).map(|()| None)
    }

    fn request_line(&mut self, line: &[u8], rules: &HeadLimits) -> Result<(), Refusal> {
        let (method, rest) = syntax::split_token(line).ok_or(not_http(line))?;
        let rest = rest.strip_prefix(b" ").ok_or(MALFORMED)?;
        let end = memchr::memchr(b' ', rest).ok_or(MALFORMED)?;
        let (target, version) = (&rest[..end], &rest[end + 1..]);
        match version {
            [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ b'0'..=b'9'] => {
                self.minor = minor - b'0';
            }
            [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
                if major.is_ascii_digit() && minor.is_ascii_digit() =>
            {
                return Err(problem::OTHER_VERSION);
            }
            _ => return Err(MALFORMED),
        }
        if target.len() > MAX_TARGET {
            return Err(problem::LONG_TARGET);
        }
        if method == b"CONNECT" {
            return Err(problem::NO_TUNNEL);
        }
        match syntax::target(target) {
            Some(Target::Origin) => Ok(()),
            Some(Target::Asterisk) if method == b"OPTIONS" => Ok(()),
            Some(Target::Absolute(authority)) => {
                self.target_host = true;
                check_host(authority, rules, true)
            }
            _ => Err(Refusal::bad_request("the request target is malformed")),
        }
    }

    fn field(&mut self, line: &[u8], rules: &HeadLimits) -> Result<(), Refusal> {
        // A space before the colon and a folded line (obs-fold) both show up here: neither is part of a token.
        let (name, value) = syntax::split_token(line)
            .and_then(|(name, rest)| Some((name, rest.strip_prefix(b":")?)))
            .ok_or(Refusal::bad_request("a header line is not a name, a colon and a value"))?;
        if !syntax::is_field_value(value) {
            return Err(Refusal::bad_request("a header value has a control character"));
        }
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.host(value.trim_ascii(), rules),
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                self.content_length(value.trim_ascii())
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                self.transfer_encoding(value.trim_ascii())
            }
            _ => Ok(()),
        }
    }

    fn host(&mut self, value: &[u8], rules: &HeadLimits) -> Result<(), Refusal> {
        if std::mem::replace(&mut self.has_host, true) {
            return Err(Refusal::bad_request("there is more than one Host"));
        }
        check_host(value, rules, !self.target_host)
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        const MALFORMED: Refusal = Refusal::bad_request("the Content-Length is malformed");
        match self.body {
            None => {}
            Some(BodyKind::Sized(_)) => {
                return Err(Refusal::bad_request("there is more than one Content-Length"));
            }
            Some(BodyKind::Chunked) => return Err(BOTH_FRAMINGS),
        }
        // `parse` alone would take a plus sign.
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return Err(MALFORMED);
        }
        let length = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
        self.body = Some(BodyKind::Sized(length.ok_or(problem::LARGE_BODY)?));
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.minor == 0 {
            return Err(Refusal::bad_request("HTTP/1.0 has no Transfer-Encoding"));
        }
        match self.body.replace(BodyKind::Chunked) {
            None => {}
            Some(BodyKind::Sized(_)) => return Err(BOTH_FRAMINGS),
            Some(BodyKind::Chunked) => {
                return Err(Refusal::bad_request("there is more than one Transfer-Encoding"));
            }
        }
        if !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Refusal::bad_request("the Transfer-Encoding is not just chunked"));
        }
        Ok(())
    }

    fn complete(&self, rules: &HeadLimits) -> Result<BodyKind, Refusal> {
        if !self.has_host && self.minor != 0 {
            return Err(Refusal::bad_request("there is no Host"));
        }
        if !self.has_host && !self.target_host && !rules.allowed_hosts.is_empty() {
            return Err(problem::FOREIGN_HOST);
        }
        match self.body.unwrap_or(BodyKind::Sized(0)) {
            BodyKind::Sized(length) if length > rules.max_body_bytes => Err(problem::LARGE_BODY),
            body => Ok(body),
        }
    }
}

/// Tells whether a request line, or an empty line before it, can begin with `byte`.
fn begins_a_line(byte: u8) -> bool {
    byte == b'\r' || syntax::split_token(&[byte]).is_some()
}

/// The refusal of what does not begin like a request.
fn not_http(line: &[u8]) -> Refusal {
    /// The type of a TLS record with a handshake, such as a `ClientHello` (RFC 8446 §5.1).
    const TLS_HANDSHAKE: u8 = 22;
    if line.first() == Some(&TLS_HANDSHAKE) { problem::TLS } else { MALFORMED }
}

/// Checks the form of a host with an optional port and, if it is the one that counts, whether this service
/// answers for it.
fn check_host(value: &[u8], rules: &HeadLimits, counts: bool) -> Result<(), Refusal> {
    let name = syntax::host_name(value).ok_or(Refusal::bad_request("the host is malformed"))?;
    if counts
        && !rules.allowed_hosts.is_empty()
        && !rules.allowed_hosts.iter().any(|allowed| allows(allowed, name))
    {
        return Err(problem::FOREIGN_HOST);
    }
    Ok(())
}

fn allows(allowed: &str, name: &[u8]) -> bool {
    let name = name.strip_suffix(b".").unwrap_or(name);
    match allowed.strip_prefix('*') {
        Some(suffix) => {
            name.len() > suffix.len()
                && name[name.len() - suffix.len()..].eq_ignore_ascii_case(suffix.as_bytes())
        }
        None => name.eq_ignore_ascii_case(allowed.as_bytes()),
    }
}

#[cfg(test)]
mod tests;
