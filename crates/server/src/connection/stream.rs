//! The stream that hyper reads and writes. It passes on only bytes that were checked, and notes what the deadlines need
//! to know.

use super::Permit;
use super::framing::{Framing, Step};
use super::tunnel::Tunnel;
use crate::endpoint::ConnectionContext as Connection;
use crate::endpoint::record;
use crate::problem::{self, Refusal};
use crate::progress::RequestFault;
use hyper::rt::{Read, ReadBufCursor, Write};
use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

/// Bytes of one read. A connection keeps no buffer of its own while nothing is left over: a thousand idle
/// ones cost nothing here.
const READ_SIZE: usize = 16 * 1024;
/// Bytes of an answer that are cheaper to copy into one piece than to hand to the kernel as several.
const SMALL_WRITE: usize = 256;
/// Time for which a closed connection is read empty, so that the client sees the answer and not a reset (RFC 9112 §9.6).
const LINGER: Duration = Duration::from_secs(1);
/// Bytes that are read for the same purpose.
const LINGER_BYTES: usize = 16 * 1024 * 1024;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_SIZE].into_boxed_slice());
}

/// A connection's stream.
#[derive(Debug)]
pub(crate) struct GuardedStream {
    stream: TcpStream,
    framing: Framing,
    connection: Arc<Connection>,
    /// Bytes that have arrived and are not passed on.
    held: Vec<u8>,
    /// The number of them, from the start, that were checked and may be.
    checked: usize,
    ended: bool,
    refusal: Option<Refusal>,
    /// Once the connection is upgraded: what follows is not HTTP.
    tunnel: Option<Box<Tunnel>>,
    /// Held as long as the socket is open, by whatever the connection has become.
    _permit: Permit,
}

/// The part of the input that may be passed on.
#[derive(Clone, Copy, Debug)]
struct Pass {
    length: usize,
    /// The place of a minor version of HTTP that hyper does not know; what comes is served as HTTP/1.1.
    minor: Option<usize>,
}

impl GuardedStream {
    /// Guards `stream`, the stream of `connection`.
    pub(crate) fn new(stream: TcpStream, connection: Arc<Connection>, permit: Permit) -> Self {
        let framing = Framing::new(Arc::clone(&connection.endpoint.head_limits));
        Self {
            stream,
            framing,
            connection,
            held: Vec::new(),
            checked: 0,
            ended: false,
            refusal: None,
            tunnel: None,
            _permit: permit,
        }
    }

    /// The reason why the next request is refused, and its first line as far as it arrived.
    pub(crate) fn refusal(&self) -> (Refusal, &[u8]) {
        (self.refusal.unwrap_or(problem::SLOW_HEAD), first_line(&self.held))
    }

    /// Writes `answer`, which goes around hyper, then [`Self::close`]s.
    pub(crate) async fn answer_and_close(mut self, answer: &[u8], patience: Duration) {
        let written = tokio::time::timeout(patience, self.stream.write_all(answer)).await;
        if matches!(written, Ok(Ok(()))) {
            self.close().await;
        } else {
            self.reset();
        }
    }

    /// Ends our side, and reads until the client has ended its own, for a moment at most. A connection that
    /// is closed with bytes unread is reset, and a reset takes the last answer from a client that has not
    /// read it yet.
    pub(crate) async fn close(mut self) {
        if !self.ended {
            close_slowly(&mut self.stream).await;
        }
    }

    /// Drops the connection and what the client has not taken.
    pub(crate) fn reset(self) {
        let _ = self.stream.set_zero_linger();
    }

    fn poll_fill(
        &mut self,
        context: &mut Context<'_>,
        out: &mut ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            let arrived = buffer.filled();
            if arrived.is_empty() {
                self.ended = true;
            } else if self.held.is_empty() {
                self.take_fresh(arrived, out)?;
            } else {
                self.held.extend_from_slice(arrived);
            }
            Poll::Ready(Ok(()))
        })
    }

    /// The usual case without a detour over `held`: one whole head, passed straight on.
    fn take_fresh(&mut self, arrived: &[u8], out: &mut ReadBufCursor<'_>) -> io::Result<()> {
        let passed = match self.check(arrived)? {
            Some(Pass { length, minor: None }) => {
                let fitting = length.min(out.remaining());
                out.put_slice(&arrived[..fitting]);
                self.checked = length - fitting;
                fitting
            }
            Some(Pass { length, minor: Some(place) }) => {
                self.held.extend_from_slice(arrived);
                self.held[place] = b'1';
                self.checked = length;
                return Ok(());
            }
            None => 0,
        };
        self.held.extend_from_slice(&arrived[passed..]);
        Ok(())
    }

    /// Checks `bytes` and returns how many of them may be passed on; none if more must arrive first, or if the request is refused.
    fn check(&mut self, bytes: &[u8]) -> io::Result<Option<Pass>> {
        let progress = &self.connection.progress;
        match self.framing.advance(bytes) {
            Step::PassHead { length, line: (start, end), other_minor } => {
                progress.head_since.clear();
                if !self.framing.has_whole_body(&bytes[length..]) {
                    progress.body_outside.raise();
                }
                self.connection.keep_request_line(&bytes[start..end]);
                Ok(Some(Pass { length, minor: other_minor.then(|| end - 1) }))
            }
            Step::PassBody(length) => {
                let pace = self.connection.endpoint.deadlines.nanoseconds_per_byte;
                progress.receiving.moved(length, pace);
                if !self.framing.in_body() {
                    progress.body_due.lower();
                    progress.body_outside.lower();
                }
                Ok(Some(Pass { length, minor: None }))
            }
            Step::More => {
                progress.head_since.start();
                Ok(None)
            }
            Step::RefuseHead(refusal) => {
                self.refusal = Some(refusal);
                progress.refused.raise();
                Ok(None)
            }
            Step::RefuseBody(refusal) => {
                progress.set_fault(if refusal == problem::LARGE_BODY {
                    RequestFault::LargeBody
                } else {
                    RequestFault::BadBody
                });
                Err(io::Error::new(io::ErrorKind::InvalidData, refusal.detail))
            }
        }
    }
}

impl Read for GuardedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.tunnel.is_some() {
            return this.poll_read_tunnel(context, &mut out);
        }
        let room = out.remaining();
        loop {
            if this.checked > 0 {
                let fitting = this.checked.min(out.remaining());
                out.put_slice(&this.held[..fitting]);
                this.held.drain(..fitting);
                this.checked -= fitting;
                if this.held.is_empty() {
                    this.held = Vec::new();
                }
            }
            if out.remaining() < room {
                return Poll::Ready(Ok(()));
            }
            // Nothing more is read of a refused connection. The task that polls hyper looks at the flag next,
            // so it needs no waker.
            if this.refusal.is_some() {
                return Poll::Pending;
            }
            if !this.held.is_empty() {
                let held = std::mem::take(&mut this.held);
                let checked = this.check(&held);
                this.held = held;
                if let Some(Pass { length, minor }) = checked? {
                    this.checked = length;
                    if let Some(place) = minor {
                        this.held[place] = b'1';
                    }
                    continue;
                }
                if this.refusal.is_some() {
                    continue;
                }
            }
            if this.ended {
                return Poll::Ready(Ok(()));
            }
            match this.poll_fill(context, &mut out) {
                Poll::Ready(result) => result?,
                Poll::Pending => {
                    if this.framing.in_body() {
                        this.connection.progress.receiving.wait();
                        this.connection.progress.body_due.raise();
                    }
                    return Poll::Pending;
                }
            }
        }
    }
}

impl GuardedStream {
    fn note_write(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let progress = &self.connection.progress;
        match &result {
            Poll::Pending => progress.sending.wait(),
            Poll::Ready(written) => {
                let written = written.as_ref().map_or(0, |written| *written);
                progress
                    .sending
                    .moved(written, self.connection.endpoint.deadlines.nanoseconds_per_byte);
                progress.wrote.raise();
            }
        }
        result
    }

    /// Reads of an upgraded connection: first what had arrived before it was one.
    fn poll_read_tunnel(
        &mut self,
        context: &mut Context<'_>,
        out: &mut ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.held.is_empty() {
            let fitting = self.held.len().min(out.remaining());
            out.put_slice(&self.held[..fitting]);
            self.held.drain(..fitting);
            return Poll::Ready(Ok(()));
        }
        let Some(tunnel) = &mut self.tunnel else { return Poll::Ready(Ok(())) };
        SCRATCH.with_borrow_mut(|scratch| {
            let length = scratch.len().min(out.remaining());
            let mut buffer = ReadBuf::new(&mut scratch[..length]);
            ready!(tunnel.poll_read(&mut self.stream, context, &mut buffer))?;
            out.put_slice(buffer.filled());
            Poll::Ready(Ok(()))
        })
    }
}

impl Write for GuardedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if let Some(tunnel) = &mut this.tunnel {
            return tunnel.poll_write(&mut this.stream, context, bytes);
        }
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note_write(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.tunnel.is_some() {
            let first = slices.iter().find(|slice| !slice.is_empty());
            return self.poll_write(context, first.map_or(&[], |slice| &slice[..]));
        }
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        let result = if length <= SMALL_WRITE {
            let mut whole = [0; SMALL_WRITE];
            let mut at = 0;
            for slice in slices {
                whole[at..at + slice.len()].copy_from_slice(slice);
                at += slice.len();
            }
            Pin::new(&mut self.stream).poll_write(context, &whole[..length])
        } else {
            Pin::new(&mut self.stream).poll_write_vectored(context, slices)
        };
        self.note_write(result)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.tunnel.is_some() {
            return Poll::Ready(Ok(()));
        }
        if self.connection.progress.ended.is_up() {
            record::written(&self.connection);
        }
        self.connection.progress.flushed();
        if self.connection.progress.upgraded.is_up() {
            // The answer that says so is out: from here on it is another protocol's.
            self.refusal = None;
            self.tunnel = Some(Box::new(Tunnel::new(Arc::clone(&self.connection))));
        }
        Poll::Ready(Ok(()))
    }

    /// Nothing, unless the connection is upgraded: [`GuardedStream::close`] ends it after hyper has let go of it.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.tunnel.is_some() {
            return Pin::new(&mut self.stream).poll_shutdown(context);
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for GuardedStream {
    fn drop(&mut self) {
        record::lost(&self.connection);
        if self.connection.progress.upgraded.is_up() {
            self.connection.endpoint.upgraded.fetch_sub(1, Relaxed);
        }
    }
}

/// The first line of a head that has anything in it, as far as it has arrived.
fn first_line(head: &[u8]) -> &[u8] {
    let start = head.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(head.len());
    let end =
        memchr::memchr2(b'\r', b'\n', &head[start..]).map_or(head.len(), |length| start + length);
    &head[start..end]
}

/// [`GuardedStream::close`] for a bare stream.
pub(crate) async fn close_slowly(stream: &mut TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let empty = async {
        let mut seen = 0;
        while seen < LINGER_BYTES && stream.readable().await.is_ok() {
            match SCRATCH.with_borrow_mut(|scratch| stream.try_read(scratch)) {
                Ok(0) => return,
                Ok(read) => seen += read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    };
    let _ = tokio::time::timeout(LINGER, empty).await;
}
