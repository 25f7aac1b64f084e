//! Binding a port, and what to do when that fails.

use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that the kernel holds for us while we are busy (it takes at most `net.core.somaxconn`).
const BACKLOG: u32 = 4_096;

/// A port that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {reason}")]
pub struct BindError {
    address: SocketAddr,
    reason: String,
}

/// Listens on `address`. The socket is not shared (no `SO_REUSEPORT`): a second process on the same port is
/// told so, instead of taking half of the connections. To be called inside a runtime.
///
/// # Errors
/// With the next step, for a port that is taken, an address that is not this machine's, or a missing right.
pub(crate) fn listen(address: SocketAddr, flag: &str) -> Result<TcpListener, BindError> {
    let bound = || -> io::Result<TcpListener> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // Only connections that are waiting for their end (TIME_WAIT) are passed over by this, not a listener.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound().map_err(|error| BindError { address, reason: reason(&error, address, flag) })
}

fn reason(error: &io::Error, address: SocketAddr, flag: &str) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("the port is in use; stop what uses it, or choose another with --{flag} (0 picks a free one)")
        }
        io::ErrorKind::AddrNotAvailable => {
            "no interface of this machine has that address; choose one with --host (0.0.0.0 means all)".into()
        }
        io::ErrorKind::PermissionDenied if address.port() < 1_024 => {
            format!("ports below 1024 need a right (CAP_NET_BIND_SERVICE); choose another with --{flag}")
        }
        _ if error.raw_os_error().is_some_and(is_out_of_descriptors) => {
            "there are too few file descriptors; raise the limit (ulimit -n)".into()
        }
        _ => error.to_string(),
    }
}

/// Tells whether an operating system's error says that descriptors have run out: EMFILE for the process, ENFILE for
/// the machine.
pub(crate) fn is_out_of_descriptors(code: i32) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    code == EMFILE || code == ENFILE
}
