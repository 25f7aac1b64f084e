//! An answer's body, which is counted as it is sent.

use crate::endpoint::record::Record;
use crate::panics;
use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// An answer's body.
    #[derive(Debug)]
    pub(crate) struct ResponseBody {
        #[pin]
        body: Body,
        record: Record,
    }
}

impl ResponseBody {
    /// The `body` that answers the request of `record`.
    pub(crate) fn new(body: Body, record: Record) -> Self {
        Self { body, record }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut this = self.project();
        let polled = panics::catch(|| this.body.as_mut().poll_frame(context));
        match &polled {
            Ok(Poll::Ready(Some(Ok(frame)))) => {
                this.record.sent(frame.data_ref().map_or(0, Bytes::len));
                if this.body.is_end_stream() {
                    this.record.complete();
                }
            }
            Ok(Poll::Ready(None)) => this.record.complete(),
            Ok(Poll::Ready(Some(Err(_)))) => this.record.fail(),
            Ok(Poll::Pending) => {}
            Err(panics::Panicked) => {
                this.record.connection().metrics.note_panic();
                this.record.fail();
            }
        }
        polled.unwrap_or_else(|panics::Panicked| {
            Poll::Ready(Some(Err(axum::Error::new("the application panicked"))))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
