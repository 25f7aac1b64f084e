//! An upgraded connection: bytes of another protocol, most often a websocket, in both directions.
//!
//! It is bounded in number and by the time without a byte. A websocket is told of the end of the process by a Close frame
//! (1001, RFC 6455 §7.4.1) between two frames of the application's; any other protocol has until the process ends.

use crate::clock::Tick;
use crate::endpoint::ConnectionContext;
use crate::lifecycle::Phase;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::futures::OwnedNotified;
use tokio::time::{Sleep, sleep_until};

/// A Close frame, "going away".
const GOING_AWAY: [u8; 4] = [0x88, 2, 0x03, 0xE9];

/// The state of an upgraded connection.
#[derive(Debug)]
pub(crate) struct Tunnel {
    connection: Arc<ConnectionContext>,
    moved_at: Tick,
    timer: Pin<Box<Sleep>>,
    change: Pin<Box<OwnedNotified>>,
    /// The application's frames, if they are a websocket's.
    frames: Option<Frames>,
    /// The client has been told that the service ends; the application is not heard any more.
    closed: bool,
}

impl Tunnel {
    /// A tunnel in place of the HTTP of `connection`, which has been counted as upgraded.
    pub(crate) fn new(connection: Arc<ConnectionContext>) -> Self {
        let now = Tick::now();
        let end = now.after(connection.endpoint.deadlines.upgrade_idle);
        Self {
            moved_at: now,
            timer: Box::pin(sleep_until(end.instant().into())),
            change: Box::pin(connection.lifecycle.change()),
            frames: connection.progress.websocket.is_up().then(Frames::default),
            closed: false,
            connection,
        }
    }

    /// Reads what the client has sent.
    pub(crate) fn poll_read(
        &mut self,
        stream: &mut TcpStream,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(result) = Pin::new(&mut *stream).poll_read(context, buffer) {
            self.moved_at = Tick::now();
            return Poll::Ready(result);
        }
        self.say_goodbye(stream);
        if !self.closed && self.change.as_mut().poll(context).is_ready() {
            self.change = Box::pin(self.connection.lifecycle.change());
            context.waker().wake_by_ref();
        }
        let idle = self.connection.endpoint.deadlines.upgrade_idle;
        ready!(self.timer.as_mut().poll(context));
        let end = self.moved_at.after(idle);
        if Tick::now() >= end {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "nothing came or went on the upgraded connection",
            )));
        }
        self.timer.as_mut().reset(end.instant().into());
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes what the application sends.
    pub(crate) fn poll_write(
        &mut self,
        stream: &mut TcpStream,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.closed {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = ready!(Pin::new(&mut *stream).poll_write(context, bytes))?;
        self.moved_at = Tick::now();
        if let Some(frames) = &mut self.frames {
            frames.follow(&bytes[..written]);
        }
        self.say_goodbye(stream);
        Poll::Ready(Ok(written))
    }

    /// Sends the Close frame, once the process drains and the application is between two frames.
    fn say_goodbye(&mut self, stream: &TcpStream) {
        let drains = self.connection.lifecycle.phase() >= Phase::Draining;
        let is_between = self.frames.as_ref().is_some_and(Frames::is_between);
        if drains && is_between && !self.closed {
            // A client that takes nothing is told nothing; the process does not wait for it either.
            self.closed = stream.try_write(&GOING_AWAY).is_ok();
        }
    }
}

/// Follows the frames of a server (RFC 6455 §5.2), which are not masked.
#[derive(Debug, Default)]
struct Frames {
    head: [u8; 10],
    have: usize,
    payload: u64,
}

impl Frames {
    /// Tells whether one frame has ended and the next has not begun.
    fn is_between(&self) -> bool {
        self.have == 0 && self.payload == 0
    }

    fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.payload > 0 {
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX).min(self.payload);
                self.payload -= length;
                bytes = &bytes[usize::try_from(length).unwrap_or(bytes.len())..];
                continue;
            }
            self.head[self.have] = bytes[0];
            self.have += 1;
            bytes = &bytes[1..];
            let wide = match self.head[1] & 0x7F {
                126 => 2,
                127 => 8,
                _ => 0,
            };
            if self.have >= 2 && self.have == 2 + wide {
                let length = self.head[2..2 + wide].iter();
                self.payload = match wide {
                    0 => u64::from(self.head[1] & 0x7F),
                    _ => length.fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
                };
                self.have = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However they are cut, frames end where they end.
        #[test]
        fn frames_end_where_they_end(sizes in prop::collection::vec(prop_oneof![0_usize..4, 124..130_usize, 65_530..65_540_usize], 1..6), cut in 1_usize..70_000) {
            let (mut all, mut ends) = (Vec::new(), vec![0]);
            for size in sizes {
                all.push(0x82);
                match size {
                    0..=125 => all.push(u8::try_from(size).unwrap()),
                    126..=65_535 => { all.push(126); all.extend(u16::try_from(size).unwrap().to_be_bytes()); }
                    _ => { all.push(127); all.extend((size as u64).to_be_bytes()); }
                }
                all.extend(std::iter::repeat_n(0xFF, size));
                ends.push(all.len());
            }
            let mut frames = Frames::default();
            let mut at = 0;
            for piece in all.chunks(cut) {
                frames.follow(piece);
                at += piece.len();
                prop_assert_eq!(frames.is_between(), ends.contains(&at), "{}", at);
            }
        }
    }
}
