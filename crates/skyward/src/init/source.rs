//! Ports, variables and health paths that a source text or a Dockerfile names. A guess, each with the place it is from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex_lite::Regex;

/// A value, and the place that it was found in; empty where a person gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hint<T> {
    pub(super) value: T,
    pub(super) from: String,
}

/// The findings in a text, the likelier first.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) ports: Vec<Hint<u16>>,
    /// Paths of health checks.
    pub(super) paths: Vec<Hint<String>>,
    /// The variable that the program reads its port from.
    pub(super) variable: Option<Hint<String>>,
}

/// The bytes of all files that are read: enough for any service.
const MOST: u64 = 8 * 1024 * 1024;

/// Health paths that people use, the better one to ask for readiness first.
pub(super) const PATHS: [&str; 14] = [
    "/readyz",
    "/ready",
    "/health/ready",
    "/healthz/ready",
    "/healthz",
    "/health",
    "/healthcheck",
    "/health-check",
    "/-/ready",
    "/livez",
    "/live",
    "/health/live",
    "/ping",
    "/status",
];

/// A socket's address in a text, as a pair, as an array, or by name.
static ADDRESSES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        r#"(?:\b\d{1,3}(?:\.\d{1,3}){3}|\[::1?\]|\blocalhost|"):(\d{2,5})\b"#,
        r#"\(\s*"(?:\d{1,3}(?:\.\d{1,3}){3}|::1?|localhost)"\s*,\s*(\d{2,5})\s*\)"#,
        r"\[\s*\d+\s*,\s*\d+\s*,\s*\d+\s*,\s*\d+\s*\]\s*,\s*(\d{2,5})\b",
        r"\b(?:UNSPECIFIED|LOCALHOST)\b[\s,)]*\s*,\s*(\d{2,5})\b",
    ];
    patterns.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect()
});

/// The port that a Dockerfile exposes.
static EXPOSE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?im)^\s*EXPOSE\s+(\d{1,5})").ok());

/// A variable whose name is about a port.
static VARIABLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"\bvar(?:_os)?\(\s*"([A-Z_]*PORT)"\s*\)"#).ok());

/// The port that is taken where the variable is not set, as in `.unwrap_or_else(|_| "3000".into())`.
static OTHERWISE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"^\s*\)[^;]{0,120}?or(?:_else)?\(\s*(?:\|[^|]*\|\s*)?[^;\d]{0,40}?"?(\d{2,5})\b"#)
        .ok()
});

/// Looks through the package's source and the Dockerfiles. `is_ours` says that the service has our own server.
pub(super) fn look(root: &Path, package: &Path, is_ours: bool) -> Found {
    let mut found = Found::default();
    if is_ours {
        found.ports.push(Hint { value: 8000, from: "skyward-server's own".into() });
        return found;
    }
    for path in dockerfiles(root, package) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let exposed = EXPOSE.iter().flat_map(|expose| expose.captures_iter(&text));
        found.ports.extend(exposed.filter_map(|found| port(root, &path, &text, &found)));
    }
    let mut named = BTreeMap::new();
    for (path, text) in sources(&package.join("src")) {
        let addresses = ADDRESSES.iter().flat_map(|address| address.captures_iter(&text));
        found.ports.extend(addresses.filter_map(|found| port(root, &path, &text, &found)));
        let variable = VARIABLE.iter().find_map(|variable| variable.captures(&text));
        if let (None, Some(name)) = (&found.variable, variable.and_then(|found| found.get(1))) {
            let from = place(root, &path, &text, name.start());
            let rest = &text[name.end()..].trim_start_matches('"');
            let otherwise = OTHERWISE.iter().find_map(|otherwise| otherwise.captures(rest));
            if let Some(number) = otherwise.and_then(|found| found.get(1)?.as_str().parse().ok()) {
                found.ports.push(Hint { value: number, from: from.clone() });
            }
            found.variable = Some(Hint { value: name.as_str().to_owned(), from });
        }
        for (rank, known) in PATHS.iter().enumerate() {
            if let Some(start) = text.find(&format!("\"{known}\"")) {
                named.entry(rank).or_insert_with(|| place(root, &path, &text, start));
            }
        }
    }
    let hint = |(rank, from): (usize, String)| Hint { value: PATHS[rank].to_owned(), from };
    found.paths = named.into_iter().map(hint).collect();
    found
}

fn port(
    root: &Path,
    path: &Path,
    text: &str,
    found: &regex_lite::Captures<'_>,
) -> Option<Hint<u16>> {
    let number = found.get(1)?;
    let value = number.as_str().parse().ok().filter(|port| *port != 0)?;
    Some(Hint { value, from: place(root, path, text, number.start()) })
}

/// The file and the line of a byte.
fn place(root: &Path, path: &Path, text: &str, byte: usize) -> String {
    let line = text[..byte].matches('\n').count() + 1;
    format!("{}:{line}", path.strip_prefix(root).unwrap_or(path).display())
}

fn dockerfiles(root: &Path, package: &Path) -> Vec<PathBuf> {
    let folders = [package.to_owned(), root.to_owned(), root.join("docker"), root.join("deploy")];
    let mut files: Vec<_> = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .filter(|path| path.file_name().is_some_and(|name| is_dockerfile(&name.to_string_lossy())))
        .collect();
    files.sort();
    files.dedup();
    files
}

fn is_dockerfile(name: &str) -> bool {
    let (first, last) = (name.split('.').next(), name.rsplit('.').next());
    [first, last].iter().any(|part| matches!(part, Some("Dockerfile" | "Containerfile")))
}

/// The files of Rust below a folder, with their text; main.rs first, for it is there that services listen.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            if kind.as_ref().is_ok_and(std::fs::FileType::is_dir) {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    files.sort_by_key(|path| (!path.ends_with("main.rs"), path.clone()));
    let mut left = MOST;
    let mut read = |path: PathBuf| {
        left = left.checked_sub(path.metadata().ok()?.len())?;
        let text = fs::read_to_string(&path).ok()?;
        Some((path, text))
    };
    files.into_iter().filter_map(&mut read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_at(files: &[(&str, &str)]) -> Found {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        look(folder.path(), folder.path(), false)
    }

    #[test]
    fn ports_are_found_in_the_forms_that_people_write() {
        for (text, port) in [
            (r#"TcpListener::bind("0.0.0.0:8080").await"#, 8080),
            (r#"bind("127.0.0.1:3000")"#, 3000),
            (r#"bind("[::]:3001")"#, 3001),
            (r#"let address = ":4000";"#, 4000),
            (r#"HttpServer::new(app).bind(("0.0.0.0", 8081))"#, 8081),
            ("SocketAddr::from(([0, 0, 0, 0], 8082))", 8082),
            ("SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8083)", 8083),
            ("SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8084)", 8084),
        ] {
            let found = look_at(&[("src/main.rs", text)]);
            let ports: Vec<_> = found.ports.iter().map(|hint| hint.value).collect();
            assert_eq!(ports, [port], "{text}");
            assert_eq!(found.ports[0].from, "src/main.rs:1");
        }
    }

    #[test]
    fn a_dockerfile_comes_before_the_source() {
        let found = look_at(&[
            ("src/main.rs", "\nbind(\"0.0.0.0:8080\")"),
            ("web.Dockerfile", "FROM scratch\nEXPOSE 9090/tcp\n"),
        ]);
        let ports: Vec<_> = found.ports.iter().map(|hint| (hint.value, &*hint.from)).collect();
        assert_eq!(ports, [(9090, "web.Dockerfile:2"), (8080, "src/main.rs:2")]);
    }

    #[test]
    fn health_paths_and_variables_are_found() {
        let found = look_at(&[
            ("src/main.rs", "route(\"/\", get(page)).route(\"/health\", get(ok))"),
            ("src/more.rs", "let port = std::env::var(\"PORT\"); \"/readyz\""),
        ]);
        let paths: Vec<_> = found.paths.iter().map(|hint| &*hint.value).collect();
        assert_eq!(paths, ["/readyz", "/health"]);
        assert_eq!(found.variable.unwrap().value, "PORT");
    }

    #[test]
    fn the_port_without_the_variable_is_found() {
        for text in [
            r#"let port: u16 = env::var("PORT").unwrap_or_else(|_| "3000".to_owned()).parse()?;"#,
            r#"std::env::var("HTTP_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);"#,
            r#"env::var("PORT").unwrap_or("3000".into())"#,
            "env::var(\"PORT\")\n    .unwrap_or_else(|_| String::from(\"3000\"))",
            r#"env::var("PORT").map_or(3000, |port| port.parse().unwrap())"#,
        ] {
            let found = look_at(&[("src/main.rs", text)]);
            let ports: Vec<_> = found.ports.iter().map(|hint| hint.value).collect();
            assert_eq!(ports, [3000], "{text}");
        }
        let found = look_at(&[("src/main.rs", r#"env::var("PORT")?; take(1234); port.or(80)"#)]);
        assert_eq!(found.ports, []);
    }

    #[test]
    fn a_text_about_nothing_tells_nothing() {
        let found =
            look_at(&[("src/main.rs", "let time = \"12:30:00\"; let version = (1, 2, 3);")]);
        assert_eq!((found.ports.len(), found.paths.len()), (0, 0), "{found:?}");
    }
}
