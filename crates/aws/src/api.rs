//! The interface of an account, and the layers in front of one.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use skyward_terminal::Calls;

use crate::error::ApiError;
use crate::kind::{Call, Paged, Request, Response};

/// A call under way.
pub type CallFuture<'a> = Pin<Box<dyn Future<Output = Result<Response, ApiError>> + 'a>>;

/// An account in a region, or a layer in front of one.
pub trait Api {
    /// Calls one operation, once: to try again is the caller's matter.
    ///
    /// A future that is dropped may or may not have taken effect, as with any call over a network.
    fn call(&self, request: Request) -> CallFuture<'_>;
}

impl<T: Api + ?Sized> Api for Rc<T> {
    fn call(&self, request: Request) -> CallFuture<'_> {
        (**self).call(request)
    }
}

impl<T: Api + ?Sized> Api for Box<T> {
    fn call(&self, request: Request) -> CallFuture<'_> {
        (**self).call(request)
    }
}

impl<A: Api + ?Sized> Api for &A {
    fn call(&self, request: Request) -> CallFuture<'_> {
        (**self).call(request)
    }
}

#[cfg(feature = "sdk")]
impl Api for crate::sdk::Sdk {
    fn call(&self, request: Request) -> CallFuture<'_> {
        Box::pin(crate::kind::dispatch(self, request))
    }
}

/// An account whose calls are reported, as `-v` shows them: the service, the operation, its time and its outcome. Neither
/// arguments nor answers are part of a report, because user data and policies are the user's.
#[derive(Debug)]
pub struct Reported<A> {
    api: A,
    calls: Calls,
}

impl<A: Api> Reported<A> {
    /// Reports each call of this account.
    pub fn new(api: A, calls: Calls) -> Self {
        Self { api, calls }
    }
}

impl<A: Api> Api for Reported<A> {
    fn call(&self, request: Request) -> CallFuture<'_> {
        Box::pin(async move {
            let operation = request.operation();
            let call = self.calls.begin(operation.service().prefix(), operation.name());
            let answer = self.api.call(request).await;
            call.end(answer.as_ref().map_or_else(|error| error.code.as_str(), |_| "ok"));
            answer
        })
    }
}

/// Calls an operation, once.
///
/// # Errors
/// The account answers with one.
pub async fn send<C: Call>(api: &dyn Api, call: C) -> Result<C::Output, ApiError> {
    let response = api.call(call.into_request()).await?;
    Ok(C::output(response).expect("an account answers what it was asked"))
}

/// Calls a paged operation until its last page.
///
/// # Errors
/// The account answers any page with one.
pub async fn all<C: Paged>(api: &dyn Api, call: C) -> Result<Vec<C::Item>, ApiError> {
    let mut page = send(api, call.clone()).await?;
    let mut items = page.items;
    while let Some(next) = page.next {
        page = send(api, call.clone().at(next)).await?;
        items.append(&mut page.items);
    }
    Ok(items)
}
