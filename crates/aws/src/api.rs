//! The interface of an account, and the layers in front of one.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

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
        Box::pin(async move {
            let action = request.action();
            let answer = crate::kind::dispatch(self, request).await;
            answer.map_err(|error| error.of_action(action).in_region(&self.region))
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
