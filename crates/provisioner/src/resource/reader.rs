//! The calls that look at an account, each made once.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;

use skyward_aws::{Call, Class, Paged, Request, Select};
use tokio::sync::OnceCell;

use crate::caller::{CallError, Caller, RetryPolicy};
use crate::stack::Names;

/// An answer that is there, or under way.
type Answer = Rc<OnceCell<Rc<dyn Any>>>;

/// Asks an account for the kinds, at the same time. A call that two kinds make is made once, and the second waits for the first
/// one's answer: so a kind asks for all that it needs, and the number of calls does not grow with that.
///
/// Calls that fail are gathered instead of ending the look: whoever lacks several rights is told of all of them at once.
pub(crate) struct Reader<'a> {
    pub(crate) caller: &'a Caller<'a>,
    pub(crate) names: &'a Names,
    answers: RefCell<BTreeMap<String, Answer>>,
    errors: RefCell<Vec<CallError>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(caller: &'a Caller<'a>, names: &'a Names) -> Self {
        Self { caller, names, answers: RefCell::default(), errors: RefCell::default() }
    }

    /// The filter for what carries the stack's tag.
    pub(crate) fn of_stack(&self) -> Select {
        Select::Stack(self.names.stack().to_owned())
    }

    /// All pages of a list; nothing where what was named does not exist.
    pub(crate) async fn list<C: Paged>(&self, call: C) -> Rc<Vec<C::Item>>
    where
        C::Item: 'static,
    {
        let request = call.clone().into_request();
        self.once(request, async { self.found(self.caller.list(call).await).unwrap_or_default() })
            .await
    }

    /// The answer; none where what was named does not exist.
    pub(crate) async fn find<C: Call>(&self, call: C) -> Rc<Option<C::Output>>
    where
        C::Output: 'static,
    {
        self.find_with(call, RetryPolicy::READ).await
    }

    /// As [`Reader::find`], with another patience.
    pub(crate) async fn find_with<C: Call>(
        &self,
        call: C,
        policy: RetryPolicy,
    ) -> Rc<Option<C::Output>>
    where
        C::Output: 'static,
    {
        let request = call.clone().into_request();
        self.once(request, async { self.found(self.caller.send(call, policy).await) }).await
    }

    /// The first of an answer that is a list, of which there is one at most.
    pub(crate) async fn first<C, T>(&self, call: C) -> Option<T>
    where
        C: Call<Output = Vec<T>>,
        T: Clone + 'static,
    {
        self.find(call).await.as_ref().as_ref().and_then(|found| found.first().cloned())
    }

    async fn once<T: 'static>(&self, request: Request, answer: impl Future<Output = T>) -> Rc<T> {
        let key = serde_json::to_string(&request).expect("a request is plain data");
        let cell = Rc::clone(self.answers.borrow_mut().entry(key).or_default());
        let answer = cell.get_or_init(|| async { Rc::new(answer.await) as Rc<dyn Any> }).await;
        Rc::clone(answer).downcast().expect("the same call has an answer of the same type")
    }

    /// The value; none where there is nothing of the name, or where the call failed: then the reason is kept.
    pub(crate) fn found<T>(&self, answer: Result<T, CallError>) -> Option<T> {
        match answer {
            Ok(value) => Some(value),
            Err(error) if error.class() == Some(Class::NotFound) => None,
            Err(error) => {
                self.errors.borrow_mut().push(error);
                None
            }
        }
    }

    /// The calls that were not answered.
    pub(crate) fn take_errors(&self) -> Vec<CallError> {
        let mut errors = self.errors.take();
        errors.dedup();
        errors
    }
}
