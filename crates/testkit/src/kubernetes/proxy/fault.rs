//! Faults that can happen to a request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};

/// A fault that happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The client is killed before the API server sees the request.
    KillBefore,
    /// The client is killed when the API server has done it, before it learns so.
    KillAfter,
    /// The API server does it; its answer is lost with the connection.
    Lose,
    /// The connection is closed before the API server sees it.
    Close,
    /// This status is answered, and the API server does not see it. 429 comes with `Retry-After: 1`.
    Answer(u16),
    /// Nothing happens for so long; then the connection is closed.
    Silence(Duration),
    /// It continues after so long.
    Delay(Duration),
    /// The answer ends, as a watch does, after so many lines.
    EndWatch {
        /// Lines; each is one event.
        after: usize,
    },
}

/// The first lines of a body.
pub(super) struct Lines<B> {
    body: B,
    left: usize,
}

impl<B> Lines<B> {
    pub(super) fn new(body: B, lines: usize) -> Self {
        Self { body, left: lines }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Lines<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(|data| self.cut(data)))))
    }
}

impl<B> Lines<B> {
    fn cut(&mut self, data: Bytes) -> Bytes {
        for (at, _) in data.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            self.left -= 1;
            if self.left == 0 {
                return data.slice(..=at);
            }
        }
        data
    }
}
