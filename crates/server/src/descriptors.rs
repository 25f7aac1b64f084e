//! File descriptors: one a connection, and a few for the service itself.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are not connections on the service's port: standard streams, listeners, two or three for
/// each thread's event loop, probes, and the connections that are being turned away.
const RESERVE: u64 = 192;

/// Too few file descriptors.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// For the connections that were asked for.
    #[error(
        "cannot allow {connections} connections: the process may open {limit} files, and {RESERVE} are for itself; raise the limit (ulimit -n, \
         or --ulimit nofile of the container), or lower --max-connections"
    )]
    ForConnections {
        /// The connections asked for.
        connections: usize,
        /// The hard limit.
        limit: u64,
    },
    /// For anything at all.
    #[error(
        "cannot start: the process may open {limit} files, and {RESERVE} are for itself; raise the limit (ulimit -n)"
    )]
    ForAny {
        /// The hard limit.
        limit: u64,
    },
}

/// The connections to allow: as `asked`, or else `default` as far as the limit allows. The soft limit is
/// raised to the hard one.
///
/// # Errors
/// When the limit is too low.
pub(crate) fn connections(asked: Option<usize>, default: usize) -> Result<usize, DescriptorError> {
    decide(asked, default, raise_limit())
}

fn raise_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // It may be forbidden; then the soft limit is the one that counts.
    match setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        Ok(()) => limit.maximum.unwrap_or(u64::MAX),
        Err(_) => limit.current.unwrap_or(u64::MAX),
    }
}

fn decide(asked: Option<usize>, default: usize, limit: u64) -> Result<usize, DescriptorError> {
    let available = usize::try_from(limit.saturating_sub(RESERVE)).unwrap_or(usize::MAX);
    match asked {
        _ if available == 0 => Err(DescriptorError::ForAny { limit }),
        Some(connections) if connections > available => {
            Err(DescriptorError::ForConnections { connections, limit })
        }
        Some(connections) => Ok(connections),
        None => Ok(default.min(available)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_decides_what_was_not_asked_for() {
        assert_eq!(decide(None, 4_096, u64::MAX), Ok(4_096));
        assert_eq!(decide(None, 4_096, 1_024), Ok(832));
        assert_eq!(decide(Some(800), 4_096, 1_024), Ok(800));
        assert_eq!(
            decide(Some(1_000), 4_096, 1_024),
            Err(DescriptorError::ForConnections { connections: 1_000, limit: 1_024 })
        );
        assert_eq!(decide(None, 4_096, RESERVE), Err(DescriptorError::ForAny { limit: RESERVE }));
    }
}
