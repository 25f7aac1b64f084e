//! A process that calls a simulated account: its calls take time, are counted, throttled and lost, and it can die.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::rc::Rc;

use tokio::sync::Notify;
use tokio::time::sleep;

use crate::{Api, ApiError, CallFuture, Operation, Partition, Request, Response, Service};

use crate::simulated::account::Account;
use crate::simulated::faults::Faults;
use crate::simulated::limits::throttling_code;
use crate::world::assumption as assumed;

/// A process that calls a simulated account. Clones are the same process.
#[derive(Debug, Clone)]
pub struct Client {
    account: Account,
    process: Rc<Process>,
}

#[derive(Debug, Default)]
struct Process {
    faults: RefCell<Rc<Faults>>,
    calls: Cell<u64>,
    /// The number of NAT gateways that it has made.
    nat_gateways: Rc<Cell<u32>>,
    is_dead: Cell<bool>,
    died: Notify,
}

impl Process {
    fn die(&self) {
        self.is_dead.set(true);
        self.died.notify_waiters();
    }
}

impl Account {
    /// A new process that calls this account.
    pub fn client(&self) -> Client {
        Client { account: self.clone(), process: Rc::default() }
    }
}

impl Client {
    /// The same client, for which this goes wrong.
    #[must_use]
    pub fn with_faults(self, faults: Faults) -> Self {
        *self.process.faults.borrow_mut() = Rc::new(faults);
        self
    }

    /// The number of calls that have begun.
    pub fn calls(&self) -> u64 {
        self.process.calls.get()
    }

    /// Tells whether the process has died.
    pub fn is_dead(&self) -> bool {
        self.process.is_dead.get()
    }

    /// Kills the process now.
    pub fn kill(&self) {
        self.process.die();
    }

    /// Ends when the process has died. Its calls never end from then on; those under way take effect, or not, when they are
    /// dropped.
    pub fn killed(&self) -> impl Future<Output = ()> + 'static {
        let process = Rc::clone(&self.process);
        async move {
            let died = process.died.notified();
            if !process.is_dead.get() {
                died.await;
            }
        }
    }

    async fn alive(&self) {
        if self.is_dead() {
            pending::<()>().await;
        }
    }

    async fn die(&self) -> ! {
        self.process.die();
        pending::<()>().await;
        unreachable!("it pends for ever")
    }

    async fn carry_out(&self, request: Request) -> Result<Response, ApiError> {
        self.alive().await;
        let operation = request.operation();
        let faults = Rc::clone(&self.process.faults.borrow());
        let number = self.process.calls.get() + 1;
        self.process.calls.set(number);
        if faults.kill_before == Some(number) {
            self.die().await;
        }
        let (latency, happens_if_dropped) = {
            let mut world = self.account.world();
            world.calls += 1;
            *world.by_operation.entry(operation.to_string()).or_default() += 1;
            (world.sample(assumed::LATENCY), world.random.chance(0.5))
        };
        let request = Some(request);
        let mut sent = Sent { client: self, faults: &faults, number, request, happens_if_dropped };
        sleep(latency / 2 + faults.delay).await;
        self.alive().await;
        let request = sent.request.take().expect("it is taken once");
        let answer = self.effect(&faults, number, request);
        if faults.kill_after == Some(number) {
            self.die().await;
        }
        if faults.drop_answer.contains(&number) {
            let patience = self.account.world().sample(assumed::NO_ANSWER);
            sleep(patience).await;
            self.alive().await;
            return Err(ApiError::new(operation, ApiError::NO_ANSWER, "the connection was lost"));
        }
        sleep(latency / 2).await;
        self.alive().await;
        answer
    }

    /// Carries the call out in the account, and returns the answer of the account.
    fn effect(
        &self,
        faults: &Rc<Faults>,
        number: u64,
        request: Request,
    ) -> Result<Response, ApiError> {
        let operation = request.operation();
        let (fails, takes_effect) = {
            let mut world = self.account.world();
            world.catch_up();
            let is_throttled = world.random.chance(faults.throttle);
            let fails = world.random.chance(faults.internal_error);
            let takes_effect = world.random.chance(0.5);
            let staleness = world.staleness(faults.lag);
            world.begin(staleness);
            if world.settings.is_disabled {
                return Err(unknown_caller(operation).in_region(&world.region));
            }
            if faults.expired_from.is_some_and(|from| number >= from) {
                return Err(expired(operation));
            }
            if faults.denied.contains(&operation) {
                return Err(denied(&request, &world.region, &world.account));
            }
            if let Some(code) = faults.answer.get(&number) {
                return Err(ApiError::new(operation, code, "as the test asks for"));
            }
            let now = world.now;
            let has_token =
                !world.settings.has_limits || self.account.buckets().take(operation, now);
            if is_throttled || !has_token {
                let code = throttling_code(operation.service());
                return Err(ApiError::new(operation, code, "Rate exceeded"));
            }
            world.accidents = faults.accidents();
            world.nat_gateways_made = Rc::clone(&self.process.nat_gateways);
            (fails, takes_effect)
        };
        let error = || Err(ApiError::new(operation, internal(operation), "An internal error"));
        if fails && !takes_effect {
            return error();
        }
        let answer = self.account.carry_out(request);
        if fails { error() } else { answer }
    }
}

/// A request on its way. A caller that drops it does not know whether it arrives.
struct Sent<'a> {
    client: &'a Client,
    faults: &'a Rc<Faults>,
    number: u64,
    request: Option<Request>,
    happens_if_dropped: bool,
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        let Some(request) = self.request.take() else { return };
        if self.happens_if_dropped && !std::thread::panicking() {
            // Nobody hears the answer.
            let _ = self.client.effect(self.faults, self.number, request);
        }
    }
}

impl Api for Client {
    fn call(&self, request: Request) -> CallFuture<'_> {
        Box::pin(self.carry_out(request))
    }
}

fn internal(operation: Operation) -> &'static str {
    match operation.service() {
        Service::Ec2 | Service::S3 => "InternalError",
        Service::Iam => "ServiceFailure",
        _ => "InternalFailure",
    }
}

fn expired(operation: Operation) -> ApiError {
    let code = match operation.service() {
        Service::Ec2 => "RequestExpired",
        Service::Ssm | Service::Logs | Service::Quotas => "ExpiredTokenException",
        _ => "ExpiredToken",
    };
    ApiError::new(operation, code, "The security token included in the request is expired")
}

/// The answer of a region that is not enabled: it does not know the account's credentials (aws-sdk-ruby issue 2850).
fn unknown_caller(operation: Operation) -> ApiError {
    let (code, message) = match operation.service() {
        Service::Ec2 => {
            ("AuthFailure", "AWS was not able to validate the provided access credentials")
        }
        Service::Ssm | Service::Logs | Service::Quotas => (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        _ => ("InvalidClientTokenId", "The security token included in the request is invalid"),
    };
    ApiError::new(operation, code, message)
}

/// The refusal names the caller, the action and the resource, as AWS does.
fn denied(request: &Request, region: &str, account: &str) -> ApiError {
    let operation = request.operation();
    let code = match operation.service() {
        Service::Ec2 => "UnauthorizedOperation",
        Service::Ssm | Service::Logs | Service::Quotas => "AccessDeniedException",
        _ => "AccessDenied",
    };
    let (service, action) = (operation.service().prefix(), request.action());
    let partition = Partition::of(region).id;
    let message = format!(
        "User: arn:{partition}:sts::{account}:assumed-role/simulated/session is not authorized to perform: {service}:{action} on \
         resource: arn:{partition}:{service}:{region}:{account}:* because no identity-based policy allows the {service}:{action} action"
    );
    ApiError::new(operation, code, message).of_action(action)
}
