//! The connections that are open on a port: which of them could be closed for a new one, and how many a client has.
//!
//! A connection enters and leaves once. Nothing is kept up to date in between: when there is no room, the acceptor looks
//! at all of them, and remembers those that had been idle for the longest.

use crate::clock::Tick;
use crate::endpoint::ConnectionContext;
use skyward_config::Cidr;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Connections that one look at all of them finds.
const FOUND: usize = 64;
/// The pause between two looks that found too few.
const PAUSE: Duration = Duration::from_millis(100);

/// The connections of one port.
#[derive(Debug, Default)]
pub(crate) struct Register {
    places: Mutex<Places>,
    idle: Mutex<Idle>,
    /// The number of connections that each client has.
    pub(crate) clients: Clients,
}

#[derive(Debug, Default)]
struct Places {
    taken: Vec<Option<Weak<ConnectionContext>>>,
    free: Vec<usize>,
}

/// Connections that were idle when they were looked for, the longest first.
#[derive(Debug, Default)]
struct Idle {
    found: VecDeque<(Tick, Weak<ConnectionContext>)>,
    looked: Option<Tick>,
}

impl Register {
    /// A register that bounds the connections of a client.
    pub(crate) fn new(most_of_a_client: usize, trusted: Vec<Cidr>) -> Self {
        let clients = Clients { most: most_of_a_client, trusted, open: Mutex::default() };
        Self { clients, ..Self::default() }
    }

    /// Enters `connection`; its place, by which it leaves.
    pub(crate) fn enter(&self, connection: &Arc<ConnectionContext>) -> usize {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = Some(Arc::downgrade(connection));
        if let Some(place) = places.free.pop() {
            places.taken[place] = entry;
            place
        } else {
            places.taken.push(entry);
            places.taken.len() - 1
        }
    }

    /// Frees `place`.
    pub(crate) fn leave(&self, place: usize) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.taken[place] = None;
        places.free.push(place);
    }

    /// Asks the connection that has been idle for the longest to close, if there is one. One that a request reaches first
    /// serves it and stays.
    pub(crate) fn evict(&self, now: Tick) -> bool {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.found.is_empty() && idle.looked.is_none_or(|last| now.since(last) >= PAUSE) {
            idle.looked = Some(now);
            idle.found = self.longest_idle();
        }
        while let Some((since, connection)) = idle.found.pop_front() {
            let Some(connection) = connection.upgrade() else { continue };
            if connection.progress.idle() != Some(since) || connection.progress.evicted.is_up() {
                continue;
            }
            connection.progress.evicted.raise();
            if let Some(waker) = connection.waker.get() {
                waker.wake_by_ref();
                return true;
            }
        }
        false
    }

    fn longest_idle(&self) -> VecDeque<(Tick, Weak<ConnectionContext>)> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let mut longest = BinaryHeap::with_capacity(FOUND + 1);
        for (place, entry) in places.taken.iter().enumerate() {
            let connection = entry.as_ref().and_then(Weak::upgrade);
            if let Some(since) = connection.and_then(|connection| connection.progress.idle()) {
                longest.push((since, place));
                // The one that has been idle for the shortest of them.
                if longest.len() > FOUND {
                    longest.pop();
                }
            }
        }
        let mut found = VecDeque::with_capacity(longest.len());
        while let Some((since, place)) = longest.pop() {
            found.push_front((since, places.taken[place].clone().unwrap_or_default()));
        }
        found
    }
}

/// The connections of each client, where they are bounded.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    /// The most of one client; 0 for any number.
    most: usize,
    trusted: Vec<Cidr>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

impl Clients {
    /// Counts a connection with `peer`, unless that has as many as allowed.
    pub(crate) fn enter(&self, peer: IpAddr) -> bool {
        let Some(client) = self.client(peer) else { return true };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(client).or_default();
        if *count >= self.most {
            return false;
        }
        *count += 1;
        true
    }

    /// Takes a connection back that [`Self::enter`] has counted.
    pub(crate) fn leave(&self, peer: IpAddr) {
        let Some(client) = self.client(peer) else { return };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                open.remove(&client);
            }
        }
    }

    /// The client that `peer` counts as, if it is bounded. Whoever has one address of an IPv6 network has all of its /64.
    fn client(&self, peer: IpAddr) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if self.most == 0 || self.trusted.iter().any(|block| block.contains(peer)) {
            return None;
        }
        Some(match peer {
            IpAddr::V4(_) => peer,
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_so_many_connections() {
        let trusted = vec!["10.0.0.0/8".parse().unwrap()];
        let Register { clients, .. } = Register::new(2, trusted);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(clients.enter(address("192.0.2.1")) && clients.enter(address("::ffff:192.0.2.1")));
        assert!(!clients.enter(address("192.0.2.1")));
        assert!(clients.enter(address("192.0.2.2")));
        clients.leave(address("192.0.2.1"));
        assert!(clients.enter(address("192.0.2.1")));
        assert!(clients.enter(address("2001:db8::1")) && clients.enter(address("2001:db8::2")));
        assert!(!clients.enter(address("2001:db8::3")) && clients.enter(address("2001:db8:0:1::")));
        (0..9).for_each(|_| assert!(clients.enter(address("10.1.2.3"))));
        let Register { clients, .. } = Register::default();
        (0..9).for_each(|_| assert!(clients.enter(address("192.0.2.1"))));
    }
}
