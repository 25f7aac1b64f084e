//! The addresses that a process listens on, as the kernel tells them (proc(5)): why nobody answers is often there.

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The state of a socket that takes connections, in the tables of the kernel (`include/net/tcp_states.h`).
const LISTEN: &str = "0A";

/// The TCP addresses on which the process listens, in order; none where that cannot be seen.
pub fn listening(pid: u32) -> Vec<SocketAddr> {
    let Some(own) = Own::of(pid) else { return Vec::new() };
    let tables =
        ["tcp", "tcp6"].map(|table| fs::read_to_string(format!("/proc/{pid}/net/{table}")));
    let mut found: Vec<SocketAddr> = Vec::new();
    for table in tables.iter().flatten() {
        found.extend(table.lines().skip(1).filter_map(|line| row(line, &own)));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The mark of a process's own sockets.
enum Own {
    /// The inodes of its sockets.
    Inodes(HashSet<String>),
    /// Its user: another one's descriptors are seen only by who may trace it, which not every root may.
    User(String),
}

impl Own {
    fn of(pid: u32) -> Option<Self> {
        let entries = fs::read_dir(format!("/proc/{pid}/fd")).ok();
        let links =
            entries.into_iter().flatten().flatten().map(|entry| fs::read_link(entry.path()));
        let inode = |link: std::path::PathBuf| {
            Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        };
        let inodes: HashSet<_> = links.filter_map(Result::ok).filter_map(inode).collect();
        if !inodes.is_empty() {
            return Some(Self::Inodes(inodes));
        }
        let user = |pid: &str| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?.to_owned();
            line.split_whitespace().next().map(str::to_owned)
        };
        // Our own user has many processes.
        user(&pid.to_string())
            .filter(|theirs| Some(theirs) != user("self").as_ref())
            .map(Self::User)
    }
}

/// The address of a row of the table, where it is one of ours that listens.
fn row(line: &str, own: &Own) -> Option<SocketAddr> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (local, state) = (fields.get(1)?, fields.get(3)?);
    let is_own = match own {
        Own::Inodes(inodes) => inodes.contains(*fields.get(9)?),
        Own::User(user) => fields.get(7)? == user,
    };
    if *state != LISTEN || !is_own {
        return None;
    }
    let (host, port) = local.split_once(':')?;
    Some(SocketAddr::new(address(host)?, u16::from_str_radix(port, 16).ok()?))
}

/// The kernel prints each 32 bits of an address as one number of this machine.
fn address(hex: &str) -> Option<IpAddr> {
    let mut bytes = Vec::new();
    for start in (0..hex.len()).step_by(8) {
        let word = u32::from_str_radix(hex.get(start..start + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(bytes) => Some(Ipv4Addr::from(bytes).into()),
        Err(_) => Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn this_process_is_seen_to_listen() {
        let before = listening(std::process::id());
        let (four, six) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("[::1]:0"));
        let found = listening(std::process::id());
        let expected = std::iter::once(&four).chain(&six).map(|one| one.local_addr().unwrap());
        for address in expected {
            assert!(found.contains(&address), "{address}: {found:?}");
            assert!(!before.contains(&address));
        }
    }
}
