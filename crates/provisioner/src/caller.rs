//! Calls that survive errors which pass by themselves: throttling, lost answers, states that are not reached yet.

mod next;

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use crate::interrupt::Interrupt;
use crate::limits::Limits;
use skyward_aws::{
    self as aws, Api, ApiError, Call, Class, CreateServiceLinkedRole, Paged, Random, Service,
};

/// The reason for which something could not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// AWS said no.
    #[error("{0}")]
    Api(#[from] ApiError),
    /// The run was told to end.
    #[error("interrupted")]
    Interrupted,
    /// Something of this name exists, and is not this stack's.
    #[error("{what} {name} is there and carries no tag of this stack: it is not touched")]
    Foreign {
        /// The kind of thing.
        what: String,
        /// Its name or id.
        name: String,
        /// There may be data in it.
        has_data: bool,
    },
    /// It cannot succeed as it is set.
    #[error("{problem}")]
    Advised {
        /// The reason.
        problem: String,
        /// The next step for the reader.
        next: String,
    },
    /// It has failed for good, or takes too long.
    #[error("{0}")]
    Failed(String),
}

impl CallError {
    /// The next step for the reader.
    pub fn next_step(&self) -> String {
        let again = "run it again, and it continues from there";
        match self {
            Self::Interrupted => again.into(),
            Self::Foreign { has_data: true, .. } => {
                "choose another [aws] name, or tag it skyward:stack=… with the stack's name to hand it over".into()
            }
            Self::Foreign { what, .. } => format!(
                "choose another [aws] name, or delete that {what}, or tag it skyward:stack=… with the stack's name to hand it over"
            ),
            Self::Advised { next, .. } => next.clone(),
            Self::Failed(_) => format!("look at it in the AWS console; then {again}"),
            Self::Api(error) => next::after(error, again),
        }
    }

    /// An answer whose cause is another than its code says.
    pub(crate) fn has_cause(&self) -> bool {
        matches!(self, Self::Api(error) if error.cause.is_some())
    }

    /// The class of an answer.
    pub fn class(&self) -> Option<Class> {
        match self {
            Self::Api(error) => Some(error.class()),
            _ => None,
        }
    }
}

/// The number of times that a call without an answer is repeated.
const REPEATS: u32 = 8;

/// The patience with errors that pass by themselves. Throttling is always waited out.
///
/// backon cannot serve here: it counts attempts of one backoff, while each class of error has a backoff and a limit of its own,
/// and both the clock and the jitter have to be those of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The number of times that a call that got no answer is made again: what it does twice, it does once.
    pub repeats: u32,
    /// Something was made a moment ago and may not be visible yet.
    pub not_found: Duration,
    /// Something else must go or become ready first.
    pub not_yet: Duration,
}

impl RetryPolicy {
    /// A call that only reads.
    pub const READ: Self =
        Self { repeats: REPEATS, not_found: Duration::ZERO, not_yet: Duration::from_mins(1) };
    /// The first call of a run: where nothing can be reached, it is told within seconds.
    pub const FIRST: Self = Self { repeats: 3, ..Self::READ };
    /// A change that can be made twice, of something that may be new.
    pub const CHANGE: Self = Self {
        repeats: REPEATS,
        not_found: Duration::from_mins(1),
        not_yet: Duration::from_mins(5),
    };
    /// A creation that makes a second one when it is called twice.
    pub const ONCE: Self = Self { repeats: 0, ..Self::CHANGE };
    /// A deletion, which waits until nothing uses the thing any more.
    pub const DELETE: Self =
        Self { repeats: REPEATS, not_found: Duration::ZERO, not_yet: Duration::from_mins(25) };
}

/// The time for which throttling is waited out. A thousand stacks in one account make long queues.
const THROTTLED: Duration = Duration::from_hours(1);

/// The account as everything here calls it.
pub struct Caller<'a> {
    api: &'a dyn Api,
    limits: Limits,
    random: Random,
    interrupt: Interrupt,
    unsure: Cell<u32>,
}

impl<'a> Caller<'a> {
    /// Calls this account, within these limits.
    pub fn new(api: &'a dyn Api, limits: Limits, seed: u64, interrupt: Interrupt) -> Self {
        Self { api, limits, random: Random::new(seed), interrupt, unsure: Cell::new(0) }
    }

    /// The number of creations that have had no answer.
    pub fn unsure(&self) -> u32 {
        self.unsure.get()
    }

    /// Raised when the run is to end.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Waits, unless the run is told to end.
    ///
    /// # Errors
    /// The run is told to end.
    pub async fn sleep(&self, duration: Duration) -> Result<(), CallError> {
        if self.interrupt.is_raised() {
            return Err(CallError::Interrupted);
        }
        tokio::select! {
            biased;
            () = self.interrupt.raised() => Err(CallError::Interrupted),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }

    /// Calls, with the policy of a call that reads.
    ///
    /// # Errors
    /// The last answer of AWS.
    pub async fn read<C: Call>(&self, call: C) -> Result<C::Output, CallError> {
        self.send(call, RetryPolicy::READ).await
    }

    /// As [`Caller::read`]; none where there is nothing of the name.
    ///
    /// # Errors
    /// Any other answer of AWS.
    pub async fn find<C: Call>(&self, call: C) -> Result<Option<C::Output>, CallError> {
        match self.read(call).await {
            Ok(output) => Ok(Some(output)),
            Err(fault) if fault.class() == Some(Class::NotFound) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// All pages.
    ///
    /// # Errors
    /// The answer of AWS to any of them.
    pub async fn list<C: Paged>(&self, call: C) -> Result<Vec<C::Item>, CallError> {
        let mut page = self.read(call.clone()).await?;
        let mut items = page.items;
        while let Some(next) = page.next {
            page = self.read(call.clone().at(next)).await?;
            items.append(&mut page.items);
        }
        Ok(items)
    }

    /// Makes a change that can be made twice.
    ///
    /// # Errors
    /// The last answer of AWS.
    pub async fn change<C: Call>(&self, call: C) -> Result<C::Output, CallError> {
        self.send(call, RetryPolicy::CHANGE).await
    }

    /// Makes a creation; none where there is one of the name already.
    ///
    /// # Errors
    /// Any other answer of AWS.
    pub async fn create<C: Call>(&self, call: C) -> Result<Option<C::Output>, CallError> {
        match self.change(call).await {
            Ok(output) => Ok(Some(output)),
            Err(error) if error.class() == Some(Class::Exists) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a deletion; what is not there is deleted.
    ///
    /// # Errors
    /// The last answer of AWS, where it is another one.
    pub async fn delete<C: Call>(&self, call: C) -> Result<(), CallError> {
        match self.send(call, RetryPolicy::DELETE).await {
            Ok(_) => Ok(()),
            Err(fault) if fault.class() == Some(Class::NotFound) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Calls, with this policy.
    ///
    /// # Errors
    /// The last answer of AWS.
    pub async fn send<C: Call>(
        &self,
        call: C,
        policy: RetryPolicy,
    ) -> Result<C::Output, CallError> {
        let begun = Instant::now();
        let (mut tries, mut repeats, mut has_role) = (0, 0, false);
        loop {
            let wait = self.limits.take(C::OPERATION);
            if !wait.is_zero() {
                self.sleep(wait).await?;
            }
            if self.interrupt.is_raised() {
                return Err(CallError::Interrupted);
            }
            let error = match aws::send(self.api, call.clone()).await {
                Ok(output) => return Ok(output),
                Err(error) => error,
            };
            let class = error.class();
            let is_over = match class {
                Class::Throttled => begun.elapsed() > THROTTLED,
                Class::Unknown => {
                    repeats += 1;
                    if policy.repeats == 0 {
                        self.unsure.set(self.unsure.get() + 1);
                    }
                    repeats > policy.repeats
                }
                Class::NotFound => begun.elapsed() >= policy.not_found,
                Class::NotYet => begun.elapsed() >= policy.not_yet,
                _ => true,
            };
            if is_over {
                return Err(CallError::Api(error));
            }
            if error.lacks_linked_role() && !std::mem::replace(&mut has_role, true) {
                self.make_linked_role(C::OPERATION.service()).await?;
            }
            if class == Class::Throttled {
                self.limits.emptied(C::OPERATION);
            }
            self.sleep(self.backoff(class, tries)).await?;
            tries += 1;
        }
    }

    /// Makes the role that a service needs at its first use in an account. Most services make it by themselves: then it is there, or
    /// will be.
    async fn make_linked_role(&self, service: Service) -> Result<(), CallError> {
        let call = CreateServiceLinkedRole { service: next::linked(service) };
        match aws::send(self.api, call).await {
            // Nor may the service make it then, for this caller.
            Err(error) if error.class() == Class::Denied => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// "Full jitter", as AWS's architecture blog recommends: anything up to a bound that doubles. What waits for another
    /// thing's state looks steadily instead.
    fn backoff(&self, class: Class, tries: u32) -> Duration {
        let (first, most): (f64, f64) = match class {
            Class::Throttled => (1.0, 20.0),
            Class::Unknown => (0.5, 10.0),
            _ => (1.0, 4.0),
        };
        let bound = (first * f64::from(2_u32.saturating_pow(tries.min(10)))).min(most);
        Duration::from_secs_f64(bound * (0.2 + 0.8 * self.random.unit()))
    }
}
