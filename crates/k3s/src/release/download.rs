//! The download on the operator's machine. It is resumed where it broke off, verified, and then moved into place.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::http::StatusCode;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

use super::{ReleaseError, Source, Verified, listed_sum, sum, verified};
use crate::report::Reporter;
use crate::version::Arch;

/// Tries of a download that breaks off.
const TRIES: u32 = 4;
/// The pause before the second try; it grows by as much with each further one.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// The largest list of checksums that is read; real ones have some kilobytes.
const LARGEST_LIST: u64 = 1 << 20;
/// Bytes that are written at a time.
const CHUNK: usize = 1 << 18;
/// The time for connecting to the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// The longest silence of the server.
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// Returns the verified binary for an architecture, from the cache or the network.
pub(super) fn binary(
    source: &Source,
    arch: Arch,
    report: &Reporter,
) -> Result<Verified, ReleaseError> {
    let folder = source.cache.join(source.version.as_str());
    create(&folder)?;
    let (name, list_name) = (arch.binary(), format!("sha256sum-{}.txt", arch.as_str()));
    let (path, list) = (folder.join(name), folder.join(&list_name));
    let url = |file: &str| {
        // `+` is a space to some servers.
        format!("{}/{}/{file}", source.base, source.version.as_str().replace('+', "%2B"))
    };
    let pinned = source.pinned.get(arch.as_str());
    let published = match (std::fs::read_to_string(&list), pinned) {
        (Ok(text), _) => listed_sum(&text, name),
        // A pinned checksum is enough.
        (Err(_), Some(_)) => None,
        (Err(_), None) => {
            let text = small(&url(&list_name))?;
            let found = listed_sum(&text, name);
            // Only a list that names the file is kept.
            if found.is_some() {
                keep(&list, text.as_bytes())?;
            }
            found
        }
    };
    let wanted = source.wanted(arch, published, &url(name), &url(&list_name))?;
    if path.is_file() && sum(&path).is_ok_and(|found| found == wanted) {
        return Ok(Verified { path, sum: wanted });
    }
    let started = Instant::now();
    let part = folder.join(format!("{name}.part"));
    load(&url(name), &part, report)?;
    let checked = verified(&part, &wanted, &url(&list_name));
    if checked.is_err() {
        // It is not resumed: a wrong beginning stays wrong.
        let _ = std::fs::remove_file(&part);
    }
    checked?;
    std::fs::rename(&part, &path).map_err(|error| local("renaming", &part, &error))?;
    let state = format!("{} for {} is here, SHA-256 {wanted}", source.version, arch.as_str());
    report.ready("k3s", state, started);
    Ok(Verified { path, sum: wanted })
}

/// Downloads to a file that may hold the beginning already.
fn load(url: &str, part: &Path, report: &Reporter) -> Result<(), ReleaseError> {
    let agent = agent(url);
    let mut tries = 0;
    loop {
        tries += 1;
        match attempt(&agent, url, part) {
            Ok(()) => return Ok(()),
            Err(Broken::Here(error)) => return Err(error),
            Err(Broken::There { reason, again }) if !again || tries == TRIES => {
                return Err(ReleaseError::Download { url: url.to_owned(), reason });
            }
            Err(Broken::There { reason, .. }) => {
                report.note(format!("downloading {url}: {reason}; resuming it"));
                std::thread::sleep(RETRY_PAUSE * tries);
            }
        }
    }
}

/// The reason that a try failed.
enum Broken {
    /// This machine.
    Here(ReleaseError),
    /// The network or the server.
    There { reason: String, again: bool },
}

fn attempt(agent: &Agent, url: &str, part: &Path) -> Result<(), Broken> {
    let there =
        |again: bool| move |error: ureq::Error| Broken::There { reason: error.to_string(), again };
    let have = part.metadata().map_or(0, |data| data.len());
    let mut request = agent.get(url);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let answer = request.call().map_err(there(true))?;
    let status = answer.status();
    let append = match status {
        StatusCode::OK => false,
        StatusCode::PARTIAL_CONTENT if have > 0 => true,
        // All of it was there, or more than all of it: the checksum tells.
        StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => return Ok(()),
        _ => {
            let reason = format!("the server answers {status}");
            return Err(Broken::There { reason, again: status.is_server_error() });
        }
    };
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .append(append)
        .truncate(!append)
        .open(part)
        .map_err(|error| Broken::Here(local("writing", part, &error)))?;
    let mut body = answer.into_body().into_with_config().limit(u64::MAX).reader();
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = body
            .read(&mut chunk)
            .map_err(|error| Broken::There { reason: error.to_string(), again: true })?;
        if count == 0 {
            return file.sync_all().map_err(|error| Broken::Here(local("writing", part, &error)));
        }
        file.write_all(&chunk[..count])
            .map_err(|error| Broken::Here(local("writing", part, &error)))?;
    }
}

fn small(url: &str) -> Result<String, ReleaseError> {
    let failed = |reason: String| ReleaseError::Download { url: url.to_owned(), reason };
    let answer = agent(url).get(url).call().map_err(|error| failed(error.to_string()))?;
    if answer.status() != StatusCode::OK {
        return Err(failed(format!("the server answers {}", answer.status())));
    }
    answer
        .into_body()
        .into_with_config()
        .limit(LARGEST_LIST)
        .read_to_string()
        .map_err(|error| failed(error.to_string()))
}

/// A client that uses the environment's proxy, but not for this machine.
fn agent(url: &str) -> Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let is_here = ["http://127.", "http://localhost", "http://[::1]"]
        .iter()
        .any(|here| url.starts_with(here));
    Agent::config_builder()
        .user_agent(concat!("skyward-k3s/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .proxy(if is_here { None } else { Proxy::try_from_env() })
        .http_status_as_error(false)
        // A checksum that came over https must not vouch for a file that a redirect fetched by plain http.
        .https_only(url.starts_with("https://"))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_per_read(Some(READ_TIMEOUT))
        .timeout_recv_response(Some(READ_TIMEOUT))
        .build()
        .new_agent()
}

fn create(folder: &Path) -> Result<(), ReleaseError> {
    std::fs::create_dir_all(folder).map_err(|error| local("making", folder, &error))
}

/// Writes a small file whole.
fn keep(path: &Path, content: &[u8]) -> Result<(), ReleaseError> {
    let new = path.with_extension("part");
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    });
    written.map_err(|error| local("writing", path, &error))
}

fn local(operation: &'static str, path: &Path, error: &std::io::Error) -> ReleaseError {
    ReleaseError::File {
        operation,
        path: path.display().to_string(),
        reason: error.to_string(),
        next: "free some space and make the folder writable, or name another one in XDG_CACHE_HOME",
    }
}
