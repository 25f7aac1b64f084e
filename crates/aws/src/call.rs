use std::future::Future;
use std::pin::Pin;

use super::{ApiError, Operation, Page, Request, Response};

/// A call under way.
pub type CallFuture<'a> = Pin<Box<dyn Future<Output = Result<Response, ApiError>> + 'a>>;

/// An account in a region, or something that stands before one.
pub trait Api {
    /// Calls one operation, once: what is tried again is the caller's matter.
    ///
    /// A future that is dropped may or may not have taken effect, as with any call over a network.
    fn call(&self, request: Request) -> CallFuture<'_>;
}

impl<A: Api + ?Sized> Api for std::rc::Rc<A> {
    fn call(&self, request: Request) -> CallFuture<'_> {
        (**self).call(request)
    }
}

impl<A: Api + ?Sized> Api for &A {
    fn call(&self, request: Request) -> CallFuture<'_> {
        (**self).call(request)
    }
}

/// An operation's arguments.
pub trait Call: Clone {
    /// The operation.
    const OPERATION: Operation;
    /// What it answers.
    type Output;

    /// As a value that any account takes.
    fn into_request(self) -> Request;

    /// The answer, where it is this operation's.
    fn output(response: Response) -> Option<Self::Output>;
}

/// An operation that answers in pages.
pub trait Paged: Call<Output = Page<Self::Item>> {
    /// What its pages hold.
    type Item;

    /// The same call for the page that this token names.
    #[must_use]
    fn at(self, page: String) -> Self;
}

/// Calls an operation, once.
///
/// # Errors
/// What the account answers.
pub async fn send<C: Call>(api: &dyn Api, call: C) -> Result<C::Output, ApiError> {
    let response = api.call(call.into_request()).await?;
    Ok(C::output(response).expect("an account answers what it was asked"))
}

/// Calls a paged operation until its last page.
///
/// # Errors
/// What the account answers to any page.
pub async fn all<C: Paged>(api: &dyn Api, call: C) -> Result<Vec<C::Item>, ApiError> {
    let mut page = send(api, call.clone()).await?;
    let mut items = page.items;
    while let Some(next) = page.next {
        page = send(api, call.clone().at(next)).await?;
        items.append(&mut page.items);
    }
    Ok(items)
}
