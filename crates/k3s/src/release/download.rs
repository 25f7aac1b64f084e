//! The download, on the operator's side: gone on with where it broke off, verified, then put in its place at once.

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::http::StatusCode;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

use super::{ReleaseError, Source, Verified, listed_sum, sum, verified};
use crate::event::{Event, Sink};
use crate::version::Arch;

/// How often a download that breaks off is gone on with.
const TRIES: u32 = 4;
/// A list of checksums is some kilobytes.
const LARGEST_LIST: u64 = 1 << 20;

/// The binary of an architecture.
pub(super) fn binary(
    source: &Source,
    arch: Arch,
    sink: &mut dyn Sink,
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
        // The pinned checksum is enough.
        (Err(_), Some(_)) => None,
        (Err(_), None) => {
            let text = small(&url(&list_name))?;
            let found = listed_sum(&text, name);
            // Only a list that says what it is for is kept.
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
    load(&url(name), &part, sink)?;
    let checked = verified(&part, &wanted, &url(&list_name));
    if checked.is_err() {
        // Not gone on with: what is wrong stays wrong.
        let _ = std::fs::remove_file(&part);
    }
    checked?;
    std::fs::rename(&part, &path).map_err(|error| local("renaming", &part, &error))?;
    let seconds = started.elapsed().as_secs_f64();
    let state = format!("{} for {} is here, SHA-256 {wanted}", source.version, arch.as_str());
    sink.emit(Event::Ready { on: "k3s".to_owned(), state, seconds });
    Ok(Verified { path, sum: wanted })
}

/// Loads to a file that may hold the beginning already.
fn load(url: &str, part: &Path, sink: &mut dyn Sink) -> Result<(), ReleaseError> {
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
                let text = format!("downloading {url}: {reason}; going on where it was");
                sink.emit(Event::Note { text });
                std::thread::sleep(Duration::from_millis(500) * tries);
            }
        }
    }
}

/// Why an attempt has failed.
enum Broken {
    /// This machine's doing.
    Here(ReleaseError),
    /// The network's or the server's.
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
        // All of it was there, or what was there is longer than it: the checksum tells.
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
    let mut chunk = vec![0; 1 << 18];
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

/// Through the environment's proxy, but to this machine.
fn agent(url: &str) -> Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let is_here = ["http://127.", "http://localhost", "http://[::1]"]
        .iter()
        .any(|here| url.starts_with(here));
    Agent::config_builder()
        .user_agent(concat!("skyward-deployer/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .proxy(if is_here { None } else { Proxy::try_from_env() })
        .http_status_as_error(false)
        // A checksum that came over https vouches for nothing that plain http was redirected to.
        .https_only(url.starts_with("https://"))
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_per_read(Some(Duration::from_mins(1)))
        .timeout_recv_response(Some(Duration::from_mins(1)))
        .build()
        .new_agent()
}

fn create(folder: &Path) -> Result<(), ReleaseError> {
    std::fs::create_dir_all(folder).map_err(|error| local("making", folder, &error))
}

/// Writes a small file at once.
fn keep(path: &Path, content: &[u8]) -> Result<(), ReleaseError> {
    let new = path.with_extension("part");
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    });
    written.map_err(|error| local("writing", path, &error))
}

fn local(doing: &'static str, path: &Path, error: &std::io::Error) -> ReleaseError {
    ReleaseError::File {
        doing,
        path: path.display().to_string(),
        reason: error.to_string(),
        next: "make room and see that the folder may be written (XDG_CACHE_HOME names another)",
    }
}
