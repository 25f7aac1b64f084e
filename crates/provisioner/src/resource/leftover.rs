//! Something that is left of a stack although the resource that it comes from is gone.

use std::fmt;

use futures_util::future::LocalBoxFuture;
use skyward_aws::Call;

use crate::caller::{CallError, Caller};
use crate::price::{Amount, Usd};

/// The call that removes something.
type Removal = Box<dyn for<'a> Fn(&'a Caller<'a>) -> LocalBoxFuture<'a, Result<(), CallError>>>;

/// Something that is left of a stack.
pub(crate) struct Leftover {
    /// The thing, with the name by which AWS knows it.
    pub(crate) what: String,
    /// Its price a month, where it stays until somebody removes it; else it should not be there.
    pub(crate) monthly: Option<Amount>,
    removal: Option<Removal>,
}

impl Leftover {
    /// Something that should not be there any more.
    pub(crate) fn new(what: String) -> Self {
        Self { what, monthly: None, removal: None }
    }

    /// Something that stays, at this price a month, until this call removes it.
    pub(crate) fn kept<C: Call + 'static>(what: String, monthly: Amount, call: C) -> Self {
        let removal = removal(move |caller| Box::pin(caller.delete(call.clone())));
        Self { what, monthly: Some(monthly), removal: Some(removal) }
    }

    /// Removes it, where there is a call for that.
    ///
    /// # Errors
    /// The last answer of AWS.
    pub(crate) async fn remove<'a>(&self, caller: &'a Caller<'a>) -> Result<(), CallError> {
        match &self.removal {
            Some(removal) => removal(caller).await,
            None => Ok(()),
        }
    }
}

fn removal<F>(call: F) -> Removal
where
    F: for<'a> Fn(&'a Caller<'a>) -> LocalBoxFuture<'a, Result<(), CallError>> + 'static,
{
    Box::new(call)
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.monthly {
            None => f.write_str(&self.what),
            Some(monthly) if monthly.to < Usd::millionths(10_000) => {
                write!(f, "{}: less than 0.01 USD a month", self.what)
            }
            Some(monthly) => write!(f, "{}: at most {} USD a month", self.what, monthly.to),
        }
    }
}
