//! The boundaries of messages in what a client sends.

use super::chunked::Chunked;
use super::head::{BodyKind, Head, Scan};
use crate::endpoint::HeadLimits;
use crate::problem::Refusal;
use std::sync::Arc;

#[derive(Debug)]
enum State {
    Head(Head),
    Sized(u64),
    Chunked(Chunked),
}

/// The part of the input that may be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The first `length` bytes, a whole head.
    PassHead {
        /// Bytes.
        length: usize,
        /// The start and the end of its request line.
        line: (usize, usize),
        /// It names a minor version above 1.
        other_minor: bool,
    },
    /// The first so many bytes, a part of a body.
    PassBody(usize),
    /// Nothing before more has arrived.
    More,
    /// The head is refused.
    RefuseHead(Refusal),
    /// The body of a request that was passed on is refused.
    RefuseBody(Refusal),
}

/// Follows one connection's messages.
#[derive(Debug)]
pub(crate) struct Framing {
    state: State,
    rules: Arc<HeadLimits>,
}

impl Framing {
    /// At the start of a connection.
    pub(crate) fn new(rules: Arc<HeadLimits>) -> Self {
        Self { state: State::Head(Head::default()), rules }
    }

    /// Tells whether a body is due.
    pub(crate) fn in_body(&self) -> bool {
        !matches!(self.state, State::Head(_))
    }

    /// Tells whether `input`, which follows what was passed on, surely has the rest of the message's body. Never said of
    /// chunks: where they end is known once they are passed on.
    pub(crate) fn has_whole_body(&self, input: &[u8]) -> bool {
        match &self.state {
            State::Head(_) => true,
            State::Sized(left) => u64::try_from(input.len()).is_ok_and(|length| length >= *left),
            State::Chunked(_) => false,
        }
    }

    /// Checks `input`, which has arrived and was not passed on yet. Not to be called again after a refusal.
    pub(crate) fn advance(&mut self, input: &[u8]) -> Step {
        match &mut self.state {
            State::Head(head) => match head.advance(input, &self.rules) {
                Scan::More => Step::More,
                Scan::Refuse(refusal) => Step::RefuseHead(refusal),
                Scan::Complete { length, line, body, other_minor } => {
                    self.state = match body {
                        BodyKind::Sized(0) => State::Head(Head::default()),
                        BodyKind::Sized(length) => State::Sized(length),
                        BodyKind::Chunked => {
                            State::Chunked(Chunked::new(self.rules.max_body_bytes))
                        }
                    };
                    Step::PassHead { length, line, other_minor }
                }
            },
            State::Sized(left) => {
                let taken = input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= u64::try_from(taken).unwrap_or(0);
                if *left == 0 {
                    self.state = State::Head(Head::default());
                }
                Step::PassBody(taken)
            }
            State::Chunked(chunked) => match chunked.advance(input) {
                Ok((taken, ended)) => {
                    if ended {
                        self.state = State::Head(Head::default());
                    }
                    Step::PassBody(taken)
                }
                Err(refusal) => Step::RefuseBody(refusal),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(input: &[u8]) -> Vec<Step> {
        let rules =
            HeadLimits { max_header_bytes: 1_024, max_body_bytes: 100, allowed_hosts: Vec::new() };
        let mut framing = Framing::new(Arc::new(rules));
        let (mut at, mut steps) = (0, Vec::new());
        loop {
            let step = framing.advance(&input[at..]);
            steps.push(step);
            match step {
                Step::PassHead { length, .. } | Step::PassBody(length)
                    if at + length < input.len() =>
                {
                    at += length;
                }
                _ => return steps,
            }
        }
    }

    #[test]
    fn messages_follow_one_another() {
        let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let sized = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
        let chunked =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        let head = |length| Step::PassHead {
            length,
            line: (0, if length == 27 { 14 } else { 15 }),
            other_minor: false,
        };
        assert_eq!(
            steps([get, sized, chunked, get, "GET"].concat().as_bytes()),
            [
                head(27),
                head(47),
                Step::PassBody(3),
                head(56),
                Step::PassBody(13),
                head(27),
                Step::More
            ]
        );
        assert_eq!(
            steps(["\r\n", get].concat().as_bytes()),
            [Step::PassHead { length: 29, line: (2, 16), other_minor: false }]
        );
    }

    #[test]
    fn a_smuggled_request_is_read_as_a_request() {
        let smuggling = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcdGET / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert!(matches!(
            steps(smuggling.as_bytes())[..],
            [Step::PassHead { length: 47, .. }, Step::PassBody(4), Step::RefuseHead(_)]
        ));
    }
}
