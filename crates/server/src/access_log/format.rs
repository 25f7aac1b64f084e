//! The forms of an access log line.

use super::escape;
use crate::clock::{self, Civil, Tick};
use skyward_config::LogFormat;
use std::io::Write as _;
use std::time::Duration;

/// Tells whether a line of the format shows `Referer` and `User-Agent`.
pub(crate) fn wants_agent(format: LogFormat) -> bool {
    matches!(format, LogFormat::Combined | LogFormat::Json)
}

fn stamp(format: LogFormat, date: &Civil) -> String {
    match format {
        LogFormat::Default => date.access(),
        LogFormat::Common | LogFormat::Combined => date.common(),
        LogFormat::Json => date.rfc3339(),
    }
}

/// One answered request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// The client's address.
    pub(crate) client: &'a str,
    /// The request line as it was sent; of a refused request what had arrived of it, which may be nothing.
    pub(crate) request: &'a [u8],
    /// The status that was sent; 499 where the answer did not reach its end.
    pub(crate) status: u16,
    /// Bytes of body that were sent.
    pub(crate) bytes: u64,
    /// From the request's head to the end of its answer.
    pub(crate) duration: Duration,
    /// The `Referer` header.
    pub(crate) referer: Option<&'a [u8]>,
    /// The `User-Agent` header.
    pub(crate) user_agent: Option<&'a [u8]>,
    /// The reason why the answer did not reach its end, and the status that was sent before.
    pub(crate) cut: Option<(&'static str, Option<u16>)>,
}

/// The date in the form of the log. The clock is asked and the text renewed once a second, when the
/// machine's clock begins one.
#[derive(Debug)]
pub(crate) struct Stamp {
    format: LogFormat,
    until: Option<Tick>,
    text: String,
}

impl Stamp {
    /// A stamp for lines of `format`.
    pub(crate) fn new(format: LogFormat) -> Self {
        Self { format, until: None, text: String::new() }
    }

    /// Appends the line of `entry`, answered `now`, with its line feed.
    pub(crate) fn append(&mut self, now: Tick, entry: &Entry<'_>, line: &mut Vec<u8>) {
        if self.until.is_none_or(|until| now >= until) {
            self.renew(now, clock::unix_time());
        }
        match self.format {
            LogFormat::Json => self.append_json(entry, line),
            _ => self.append_text(entry, line),
        }
        line.push(b'\n');
    }

    /// Makes the text of `unix`, which is the time `now`; it holds until the next second.
    fn renew(&mut self, now: Tick, unix: Duration) {
        self.text = stamp(self.format, &Civil::from_unix(unix.as_secs()));
        self.until =
            Some(now.after(Duration::from_nanos(1_000_000_000 - u64::from(unix.subsec_nanos()))));
    }

    fn append_text(&self, entry: &Entry<'_>, line: &mut Vec<u8>) {
        line.extend_from_slice(entry.client.as_bytes());
        line.extend_from_slice(b" - - [");
        line.extend_from_slice(self.text.as_bytes());
        line.extend_from_slice(b"] \"");
        escape::append(if entry.request.is_empty() { b"-" } else { entry.request }, line);
        line.extend_from_slice(b"\" ");
        let status = entry.status;
        line.extend(
            [status / 100 % 10, status / 10 % 10, status % 10]
                .map(|digit| b'0' + u8::try_from(digit).unwrap_or(0)),
        );
        if self.format == LogFormat::Default {
            line.extend_from_slice(b" -");
            return;
        }
        let _ = write!(line, " {}", entry.bytes);
        if self.format == LogFormat::Combined {
            for field in [entry.referer, entry.user_agent] {
                line.extend_from_slice(b" \"");
                escape::append(field.unwrap_or(b"-"), line);
                line.push(b'"');
            }
        }
    }

    fn append_json(&self, entry: &Entry<'_>, line: &mut Vec<u8>) {
        let _ = write!(line, r#"{{"time":"{}","client":"{}""#, self.text, entry.client);
        let mut text = |name: &str, value: &[u8]| {
            let _ = write!(line, r#","{name}":""#);
            escape::append_json(value, line);
            line.push(b'"');
        };
        let mut parts = entry.request.split(|byte| *byte == b' ');
        if let (Some(method), Some(target), Some(version), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        {
            text("method", method);
            text("target", target);
            text("protocol", version);
        } else {
            text("request", entry.request);
        }
        for (name, value) in [("referer", entry.referer), ("user_agent", entry.user_agent)] {
            if let Some(value) = value {
                text(name, value);
            }
        }
        let micros = entry.duration.as_micros();
        let _ = write!(
            line,
            r#","status":{},"bytes":{},"duration_us":{micros}"#,
            entry.status, entry.bytes
        );
        if let Some((reason, sent)) = entry.cut {
            let _ = write!(line, r#","cut":"{reason}""#);
            if let Some(sent) = sent {
                let _ = write!(line, r#","sent_status":{sent}"#);
            }
        }
        line.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Tick = Tick(5_000_000_000);
    const UNIX: Duration = Duration::new(1_698_441_637, 250_000_000);

    fn line(format: LogFormat, entry: &Entry<'_>) -> String {
        let mut line = Vec::new();
        let mut stamp = Stamp::new(format);
        stamp.renew(NOW, UNIX);
        stamp.append(NOW, entry, &mut line);
        String::from_utf8(line).unwrap()
    }

    const ENTRY: Entry<'static> = Entry {
        client: "127.0.0.1",
        request: b"GET /a?b=\"c\" HTTP/1.1",
        status: 200,
        bytes: 13,
        duration: Duration::from_micros(120),
        referer: None,
        user_agent: Some(b"curl/8 \"\xff\""),
        cut: None,
    };

    #[test]
    fn each_form() {
        let expected = r#"127.0.0.1 - - [27/Oct/2023 21:20:37] "GET / HTTP/1.1" 200 -"#;
        let plain = Entry { request: b"GET / HTTP/1.1", ..ENTRY };
        assert_eq!(line(LogFormat::Default, &plain), format!("{expected}\n"));
        assert_eq!(
            line(LogFormat::Common, &ENTRY),
            "127.0.0.1 - - [27/Oct/2023:21:20:37 +0000] \"GET /a?b=\\x22c\\x22 HTTP/1.1\" 200 13\n"
        );
        assert_eq!(
            line(LogFormat::Combined, &ENTRY),
            "127.0.0.1 - - [27/Oct/2023:21:20:37 +0000] \"GET /a?b=\\x22c\\x22 HTTP/1.1\" 200 13 \"-\" \"curl/8 \\x22\\xFF\\x22\"\n"
        );
        let json: serde_json::Value = serde_json::from_str(&line(LogFormat::Json, &ENTRY)).unwrap();
        let expected = serde_json::json!({
            "time": "2023-10-27T21:20:37Z", "client": "127.0.0.1", "method": "GET", "target": r"/a?b=\x22c\x22", "protocol": "HTTP/1.1",
            "user_agent": r"curl/8 \x22\xFF\x22", "status": 200, "bytes": 13, "duration_us": 120,
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn a_refused_request_shows_what_arrived() {
        let refused = Entry { request: b"GET /\x16\x03", status: 400, ..ENTRY };
        assert_eq!(
            line(LogFormat::Default, &refused),
            "127.0.0.1 - - [27/Oct/2023 21:20:37] \"GET /\\x16\\x03\" 400 -\n"
        );
        let silent = Entry { request: b"", status: 503, ..ENTRY };
        assert_eq!(
            line(LogFormat::Default, &silent),
            "127.0.0.1 - - [27/Oct/2023 21:20:37] \"-\" 503 -\n"
        );
        let json: serde_json::Value =
            serde_json::from_str(&line(LogFormat::Json, &refused)).unwrap();
        assert_eq!(json["request"], r"GET /\x16\x03");
    }

    #[test]
    fn an_answer_that_was_cut_says_so() {
        let cut = Entry { status: 499, cut: Some(("slow_client", Some(200))), ..ENTRY };
        let json: serde_json::Value = serde_json::from_str(&line(LogFormat::Json, &cut)).unwrap();
        assert_eq!((&json["status"], &json["sent_status"]), (&499.into(), &200.into()));
        assert_eq!(json["cut"], "slow_client");
        assert!(line(LogFormat::Default, &cut).ends_with(" 499 -\n"));
    }

    #[test]
    fn the_date_holds_until_the_next_second() {
        let mut stamp = Stamp::new(LogFormat::Default);
        stamp.renew(NOW, UNIX);
        let mut lines = Vec::new();
        stamp.append(NOW.after(Duration::from_millis(749)), &ENTRY, &mut lines);
        assert!(String::from_utf8_lossy(&lines).contains("[27/Oct/2023 21:20:37]"));
        lines.clear();
        stamp.append(NOW.after(Duration::from_millis(750)), &ENTRY, &mut lines);
        assert!(
            !String::from_utf8_lossy(&lines).contains("[27/Oct/2023 21:20:37]"),
            "it is renewed"
        );
    }
}
