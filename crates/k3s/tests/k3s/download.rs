//! The download of a release from a server that breaks off, answers wrongly, or has another file.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use skyward_config::ConfigArgs;
use skyward_k3s::Reporter;
use skyward_k3s::release::{ReleaseError, Source};
use skyward_k3s::token::hex;
use skyward_k3s::version::{Arch, Version};
use skyward_terminal::Event;

/// The server's treatment of the next request for the binary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mood {
    /// It answers.
    Well,
    /// It breaks off after so many bytes of the file.
    BreaksOffAfter(usize),
    /// It answers with this status.
    Says(u16),
}

/// A server of releases on loopback. It knows ranges, as GitHub's does.
struct Server {
    base: String,
    asked: Arc<Mutex<Vec<String>>>,
    moods: Arc<Mutex<Vec<Mood>>>,
}

const VERSION: &str = "v1.36.3+k3s1";

fn content() -> Vec<u8> {
    (0u32..40_000).flat_map(u32::to_le_bytes).collect()
}

impl Server {
    fn start(moods: &[Mood]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("its address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let moods = Arc::new(Mutex::new(moods.to_vec()));
        let (heard, left) = (Arc::clone(&asked), Arc::clone(&moods));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(stream, &heard, &left);
            }
        });
        Self { base, asked, moods }
    }

    fn source(&self, cache: &Path) -> Source {
        Source {
            version: Version::parse(VERSION).expect("a release"),
            base: self.base.clone(),
            cache: cache.to_owned(),
            folder: None,
            pinned: BTreeMap::new(),
        }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().expect("a lock"))
    }
}

fn answer(
    mut stream: std::net::TcpStream,
    asked: &Mutex<Vec<String>>,
    moods: &Mutex<Vec<Mood>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let path = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let path = path.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut from = 0;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some(range) = line.to_lowercase().strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().unwrap_or(0);
        }
    }
    asked.lock().expect("a lock").push(format!("{path} from {from}"));
    let mut mood = Mood::Well;
    let body = if path.contains("/sha256sum-") {
        format!("{}  k3s\n", hex(&Sha256::digest(content()))).into_bytes()
    } else {
        let mut moods = moods.lock().expect("a lock");
        if !moods.is_empty() {
            mood = moods.remove(0);
        }
        content()
    };
    if let Mood::Says(status) = mood {
        return write!(
            stream,
            "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
    }
    let status = match from {
        0 => 200,
        from if from < body.len() => 206,
        _ => 416,
    };
    let rest = body.get(from..).unwrap_or_default();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        rest.len()
    )?;
    match mood {
        Mood::BreaksOffAfter(count) => stream.write_all(&rest[..count.min(rest.len())]),
        _ => stream.write_all(rest),
    }
}

#[test]
fn a_release_is_loaded_once_and_kept() {
    let server = Server::start(&[]);
    let cache = tempfile::tempdir().expect("a folder");
    let source = server.source(cache.path());
    let first = source.assets(Arch::Amd64, &Reporter::silent()).expect("the release");
    assert_eq!(std::fs::read(&first.binary.path).expect("a file"), content());
    let at = format!("/{}", VERSION.replace('+', "%2B"));
    assert_eq!(
        server.asked(),
        [format!("{at}/sha256sum-amd64.txt from 0"), format!("{at}/k3s from 0")]
    );
    let again = source.assets(Arch::Amd64, &Reporter::silent()).expect("the release");
    assert_eq!(again, first);
    assert_eq!(server.asked(), [""; 0]);
    // A file that changed in the cache is downloaded again.
    std::fs::write(&first.binary.path, "other").expect("a file");
    source.assets(Arch::Amd64, &Reporter::silent()).expect("the release");
    assert_eq!(server.asked(), [format!("{at}/k3s from 0")]);
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_was() {
    let server = Server::start(&[
        Mood::BreaksOffAfter(100_000),
        Mood::Says(503),
        Mood::BreaksOffAfter(20_000),
    ]);
    let cache = tempfile::tempdir().expect("a folder");
    let notes = Arc::new(Mutex::new(0));
    let report = Reporter::new({
        let notes = Arc::clone(&notes);
        Arc::new(move |event: Event| {
            *notes.lock().expect("a lock") += usize::from(matches!(event, Event::Note { .. }));
        })
    });
    let found = server.source(cache.path()).assets(Arch::Amd64, &report);
    assert_eq!(std::fs::read(found.expect("the release").binary.path).expect("a file"), content());
    let asked: Vec<String> =
        server.asked().into_iter().filter(|line| line.contains("/k3s ")).collect();
    let from: Vec<_> = asked.iter().filter_map(|line| line.rsplit(' ').next()).collect();
    assert_eq!(from, ["0", "100000", "100000", "120000"]);
    assert_eq!(*notes.lock().expect("a lock"), 3);
}

/// The next run resumes a download that broke off for good.
#[test]
fn the_next_run_goes_on_where_the_last_one_was() {
    let server = Server::start(&[Mood::BreaksOffAfter(10_000); 4]);
    let cache = tempfile::tempdir().expect("a folder");
    let source = server.source(cache.path());
    let error =
        source.assets(Arch::Amd64, &Reporter::silent()).expect_err("no release").to_string();
    assert!(error.starts_with("downloading http://127.0.0.1:"), "{error}");
    assert!(error.contains("nothing was changed"), "{error}");
    server.asked();
    source.assets(Arch::Amd64, &Reporter::silent()).expect("the release");
    assert!(server.asked()[0].ends_with("/k3s from 40000"));
}

#[test]
fn what_was_not_published_is_not_kept() {
    let server = Server::start(&[]);
    let cache = tempfile::tempdir().expect("a folder");
    let mut source = server.source(cache.path());
    // The beginning on the disk is another file's.
    let folder = cache.path().join(VERSION);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("k3s.part"), vec![7; 50_000]).expect("a file");
    let error = source.assets(Arch::Amd64, &Reporter::silent()).expect_err("no release");
    assert!(matches!(error, ReleaseError::Checksum { .. }), "{error}");
    assert!(!folder.join("k3s").exists() && !folder.join("k3s.part").exists());
    source.assets(Arch::Amd64, &Reporter::silent()).expect("the release, from its beginning");
    // A pinned checksum is held against the published one.
    source.pinned.insert("amd64".to_owned(), "0".repeat(64));
    let error =
        source.assets(Arch::Amd64, &Reporter::silent()).expect_err("no release").to_string();
    assert!(error.contains("k3s.sha256 says 000"), "{error}");
}

#[test]
fn a_release_that_is_not_there_is_said() {
    let server = Server::start(&[Mood::Says(404)]);
    let cache = tempfile::tempdir().expect("a folder");
    let error =
        server.source(cache.path()).assets(Arch::Amd64, &Reporter::silent()).expect_err("none");
    assert!(error.to_string().contains("the server answers 404"), "{error}");
    assert_eq!(server.moods.lock().expect("a lock").len(), 0);
}

#[test]
fn the_default_release_is_one() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("skyward.toml"), "").expect("a file");
    let loaded = ConfigArgs::default().load_from(folder.path(), []).expect("a configuration");
    let version = Version::parse(&loaded.config.k3s.version).expect("a release");
    assert_eq!(
        Source::new(&loaded, &version).base,
        "https://github.com/k3s-io/k3s/releases/download"
    );
}
