//! The log of k3s's service, of which one line is told: the one that says why it does not run.
//!
//! A service that ends over and over says the same again and again between lines of its start, of which any may be the last. So the
//! gravest lines count, of these the one that is repeated most, and of these the last.

use std::collections::BTreeMap;

use super::host::Host;

/// Prints the last lines of the service's log. `$1` service.
const JOURNAL: &str = r#"if command -v journalctl >/dev/null; then journalctl -u "$1" -n 300 --no-pager -o cat 2>/dev/null
else tail -n 300 "/var/log/$1.log" 2>/dev/null; fi
exit 0
"#;

/// The longest line that is told, in characters.
const LONGEST: usize = 400;

/// Reads the line of a service's log that tells most; none where there is no log.
pub async fn read(host: &Host, unit: &str) -> Option<String> {
    let log = host.text("reading its log", JOURNAL, &[unit]).await.ok()?;
    telling(&log)
}

/// Returns the line that tells most, with the number of times that it was said.
pub fn telling(log: &str) -> Option<String> {
    let mut said: BTreeMap<&str, (Gravity, usize, usize)> = BTreeMap::new();
    for (index, line) in log.lines().enumerate() {
        let (gravity, text) = read_line(line.trim());
        if !text.is_empty() {
            let entry = said.entry(text).or_insert((gravity, 0, index));
            *entry = (entry.0.max(gravity), entry.1 + 1, index);
        }
    }
    // Of lines that are not errors the last one counts, however often it was said.
    let weight = |(gravity, times, last): (Gravity, usize, usize)| match gravity {
        Gravity::Other => (gravity, 0, last),
        _ => (gravity, times, last),
    };
    let (line, (gravity, times, _)) = said.into_iter().max_by_key(|(_, found)| weight(*found))?;
    let mut told: String = line.chars().take(LONGEST).collect();
    if gravity > Gravity::Other && times > 1 {
        told = format!("{told} ({times} times)");
    }
    Some(told)
}

/// The weight of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gravity {
    Other,
    Error,
    Fatal,
}

/// A line without its time, which would tell equal ones apart: those of k3s (logrus), of Kubernetes (klog), and others.
fn read_line(line: &str) -> (Gravity, &str) {
    if let Some((_, rest)) = line.split_once("level=") {
        let (level, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let text = text.strip_prefix("msg=").unwrap_or(text).trim_matches('"');
        let gravity = match level {
            "fatal" | "panic" => Gravity::Fatal,
            "error" => Gravity::Error,
            _ => Gravity::Other,
        };
        return (gravity, text);
    }
    let is_klog = line.len() > 5
        && line.starts_with(['I', 'W', 'E', 'F'])
        && line.as_bytes()[1..5].iter().all(u8::is_ascii_digit);
    if let Some((_, text)) = line.split_once("] ").filter(|_| is_klog) {
        let gravity = match line.as_bytes()[0] {
            b'F' => Gravity::Fatal,
            b'E' => Gravity::Error,
            _ => Gravity::Other,
        };
        return (gravity, text);
    }
    let begins = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
    let gravity = if begins(&["fatal", "panic: ", "Incorrect Usage", "flag provided"]) {
        Gravity::Fatal
    } else if begins(&["error", "Error", "ERRO"]) {
        Gravity::Error
    } else {
        Gravity::Other
    };
    (gravity, line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// k3s v1.36 on a machine with cgroup v1, as its service ends over and over.
    const CGROUP_V1: &str = r#"time="2026-11-01T10:00:00Z" level=info msg="Starting k3s v1.36.3+k3s1 (abc)"
E1101 10:00:05.123456    4711 run.go:72] "command failed" err="kubelet is configured to not run on a host using cgroup v1"
time="2026-11-01T10:00:05Z" level=error msg="Shutdown request received: kubelet exited"
time="2026-11-01T10:00:11Z" level=info msg="Starting k3s v1.36.3+k3s1 (abc)"
E1101 10:00:16.654321    4799 run.go:72] "command failed" err="kubelet is configured to not run on a host using cgroup v1"
time="2026-11-01T10:00:22Z" level=info msg="certificate CN=m1 signed by CN=k3s-server-ca@1"
"#;

    #[test]
    fn the_line_that_tells_why_is_told_and_counted() {
        let told = telling(CGROUP_V1).expect("a line");
        assert_eq!(
            told,
            r#""command failed" err="kubelet is configured to not run on a host using cgroup v1" (2 times)"#
        );
        let fatal = format!(
            "{CGROUP_V1}time=\"x\" level=fatal msg=\"flag provided but not defined: -x\"\nwords\n"
        );
        assert_eq!(telling(&fatal).as_deref(), Some("flag provided but not defined: -x"));
    }

    #[test]
    fn without_an_error_the_last_line_is_told() {
        assert_eq!(telling("one\none\ntwo\n\n").as_deref(), Some("two"));
        assert_eq!(telling("\n"), None);
    }
}
