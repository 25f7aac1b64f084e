//! Requests to one registry: credentials, redirects and retries around each request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ureq::http::Method;

use super::challenge;
use super::credentials::Credentials;
use super::error::{self, RegistryError, connection, detail, unexpected};
use super::http::{Failure, Payload, Response, Transport};
use super::reference::{DOCKER_HUB, is_local};
use super::retry::{Decision, TransientFault, is_transient};
use super::settings::Settings;
use super::token::Authority;
use super::url::{Scheme, Url};
use crate::event::{Event, ImageEvent};

/// The host that answers for `docker.io`.
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";
/// More redirects than any registry sends.
const MAX_REDIRECTS: usize = 5;
/// The longest uninterrupted sleep: another part's failure is noticed in between.
const SLEEP_SLICE: Duration = Duration::from_millis(100);

/// One request, apart from what the client adds.
pub(super) struct Call<'a> {
    /// For messages: `uploading blob 0123456789ab`.
    pub(super) operation: &'a str,
    pub(super) method: Method,
    pub(super) url: Url,
    /// The token's scope: `repository:NAME:pull,push`.
    pub(super) scope: &'a str,
    pub(super) headers: Vec<(&'a str, String)>,
    pub(super) payload: Payload<'a>,
    /// Tries, where they are fewer than the policy's.
    pub(super) attempts: Option<u32>,
}

/// The reason why one try ended.
pub(super) enum Failed {
    /// It may pass; whether the request took effect is unknown.
    Fault(TransientFault),
    /// It will not pass.
    Fatal(RegistryError),
}

/// A registry, ready for requests from several threads.
pub(super) struct Client {
    pub(super) registry: String,
    /// As it was first tried: loopback by http.
    base: Url,
    /// Set where a registry on this machine turned out to speak https.
    https: AtomicBool,
    transport: Transport,
    authority: Authority,
    pub(super) settings: Settings,
    pub(super) contact: Contact,
    started: Instant,
    cancelled: AtomicBool,
}

impl Client {
    pub(super) fn new(registry: &str, credentials: Credentials, settings: Settings) -> Self {
        let plain = settings.plain_http || is_local(registry);
        let scheme = if plain { Scheme::Http } else { Scheme::Https };
        let host = if registry == DOCKER_HUB { DOCKER_HUB_HOST } else { registry };
        let mut timeouts = settings.timeouts.clone();
        timeouts.answer = timeouts.answer.min(settings.policy.deadline);
        Self {
            registry: registry.to_owned(),
            base: Url::root(scheme, host),
            https: AtomicBool::new(false),
            transport: Transport::new(&timeouts),
            authority: Authority::new(credentials),
            contact: Contact::default(),
            started: settings.clock.now(),
            settings,
            cancelled: AtomicBool::new(false),
        }
    }

    /// An address at the registry.
    pub(super) fn url(&self, path: &str) -> Url {
        self.upgraded(self.base.at(path))
    }

    /// The address by https, where it is the registry's own and that speaks https after all.
    fn upgraded(&self, mut url: Url) -> Url {
        if self.https.load(Ordering::Relaxed) && url.same_origin(&self.base) {
            url.scheme = Scheme::Https;
        }
        url
    }

    /// Asks, after a 400, whether a registry on this machine wants https. Servers say so in the
    /// text of that answer, which an answer to HEAD has not.
    fn wants_https(&self, url: &Url) -> bool {
        if self.settings.plain_http || !url.is_loopback() || !url.same_origin(&self.base) {
            return false;
        }
        let probe = self.base.at("/v2/");
        let answer = self.request(&Method::GET, &probe, &[], Payload::None);
        let Ok(mut answer) = answer.map_err(|_| ()) else {
            return false;
        };
        let wants = answer.status == 400 && detail(&mut answer).contains("HTTPS");
        self.https.fetch_or(wants, Ordering::Relaxed);
        wants
    }

    pub(super) fn emit(&self, event: &Event) {
        self.settings.monitor.emit(event);
    }

    /// Ends the waits and retries of the other threads.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Returns an error once the work is to end: its caller asks for that, or another part of it failed.
    pub(super) fn check(&self) -> Result<(), RegistryError> {
        if self.settings.monitor.is_cancelled() {
            return Err(RegistryError::Interrupted);
        }
        if self.cancelled.load(Ordering::Relaxed) { Err(RegistryError::Cancelled) } else { Ok(()) }
    }

    /// Sends a request that may be repeated without harm, until it is answered.
    pub(super) fn send(&self, call: &Call<'_>) -> Result<Response, RegistryError> {
        self.settings.monitor.check()?;
        let first = self.contact.first();
        if first.is_some() {
            self.check()?;
        }
        let answer = self.repeat(call);
        // Those that wait to be next would fail as well where a registry cannot be reached.
        if answer.is_err() && !self.contact.made() {
            self.cancel();
        }
        answer
    }

    fn repeat(&self, call: &Call<'_>) -> Result<Response, RegistryError> {
        let mut attempt = 1;
        loop {
            let payload = call.payload.again().expect("only what can be sent again is retried");
            let fault = match self.once(call, payload) {
                Ok(response) if is_transient(response.status) => self.fault(response),
                Ok(response) => return Ok(response),
                Err(Failed::Fault(fault)) => fault,
                Err(Failed::Fatal(error)) => return Err(error),
            };
            self.wait(call.operation, &call.url, attempt, call.attempts, &fault)?;
            attempt += 1;
        }
    }

    /// Sends a request once. A 401 is answered with credentials, which sends it a second time:
    /// a request that was not let in did nothing.
    pub(super) fn once(
        &self,
        call: &Call<'_>,
        mut payload: Payload<'_>,
    ) -> Result<Response, Failed> {
        let first = self.authority.authorization(self, call.scope)?;
        let mut response = self.follow(call, payload.reborrow(), first.as_deref())?;
        if response.status == 400
            && self.wants_https(&response.url)
            && let Some(payload) = payload.again()
        {
            response = self.follow(call, payload, first.as_deref())?;
        }
        if response.status != 401 || !self.is_home(&response.url) {
            return self.permitted(call, response);
        }
        let headers = response.headers.get_all("www-authenticate");
        let asked = challenge::parse(headers.iter().filter_map(|value| value.to_str().ok()));
        let Some(asked) = asked else {
            return self.permitted(call, response);
        };
        self.authority.learn(asked, first.as_deref());
        let second = self.authority.authorization(self, call.scope)?;
        // The same again would be refused again.
        if second.is_none() || second == first {
            return self.permitted(call, response);
        }
        response.discard();
        let Some(payload) = payload.again() else {
            let reason = "the login ended during the upload".to_owned();
            return Err(Failed::Fault(TransientFault { reason, retry_after: None }));
        };
        let response = self.follow(call, payload, second.as_deref())?;
        self.permitted(call, response)
    }

    /// 401 and 403 become the error that says which credentials were used.
    fn permitted(&self, call: &Call<'_>, mut response: Response) -> Result<Response, Failed> {
        if !matches!(response.status, 401 | 403) {
            return Ok(response);
        }
        let detail = detail(&mut response);
        let denied = if response.status == 401 {
            self.unauthorized(call.operation, format!("asks for a login{detail}"))
        } else {
            let advice =
                "check that the repository exists and that these credentials may write to it";
            self.denied(call.operation, format!("denies it{detail}"), advice)
        };
        Err(Failed::Fatal(denied))
    }

    /// The error where credentials are missing or wrong.
    pub(super) fn unauthorized(&self, operation: &str, reason: String) -> RegistryError {
        let advice =
            "log in with `docker login` or `podman login`, or give --username and --password-stdin";
        self.denied(operation, reason, advice)
    }

    fn denied(&self, operation: &str, reason: String, advice: &'static str) -> RegistryError {
        RegistryError::Denied {
            operation: operation.to_owned(),
            registry: self.registry.clone(),
            reason,
            origin: self.authority.origin().to_owned(),
            advice,
        }
    }

    /// One request and the redirects that it leads to. `Authorization` goes to the registry's own
    /// origin alone.
    fn follow(
        &self,
        call: &Call<'_>,
        mut payload: Payload<'_>,
        authorization: Option<&str>,
    ) -> Result<Response, Failed> {
        let wrong = |reason| Failed::Fatal(unexpected(call.operation, &call.url, reason));
        let mut url = self.upgraded(call.url.clone());
        for _ in 0..=MAX_REDIRECTS {
            let mut headers = call.headers.clone();
            if let Some(value) = authorization.filter(|_| self.is_home(&url)) {
                headers.push(("Authorization", value.to_owned()));
            }
            let response = self.request(&call.method, &url, &headers, payload.reborrow());
            let response = response.map_err(|failure| connection(call.operation, &url, failure))?;
            let reads = matches!(call.method, Method::GET | Method::HEAD);
            self.contact.answered(!reads && matches!(response.status, 200..=299));
            let redirect = matches!(response.status, 301 | 302 | 303 | 307 | 308);
            let Some(location) = response.header("location").filter(|_| redirect) else {
                return Ok(response);
            };
            if matches!(payload, Payload::Stream(..)) {
                return Err(wrong("it redirects an upload that was sent".to_owned()));
            }
            url = url.follow(location).map_err(wrong)?;
            response.discard();
        }
        Err(wrong(format!("more than {MAX_REDIRECTS} redirects")))
    }

    /// One request. `-v` shows neither its query nor its headers: both may hold secrets.
    pub(super) fn request(
        &self,
        method: &Method,
        url: &Url,
        headers: &[(&str, String)],
        payload: Payload<'_>,
    ) -> Result<Response, Failure> {
        let operation = format!("{method} {}", url.bare_path());
        let call = self.settings.calls.begin(&format!("registry {}", url.authority), &operation);
        let answer = self.transport.send(method, url, headers, payload);
        match &answer {
            Ok(response) => {
                let outcome = if response.status < 400 { "ok" } else { "refused" };
                call.status(response.status).end(outcome);
            }
            Err(_) => call.end("no answer"),
        }
        answer
    }

    fn is_home(&self, url: &Url) -> bool {
        url.same_origin(&self.upgraded(self.base.clone()))
    }

    /// Reads an answer as a fault that may pass.
    pub(super) fn fault(&self, response: Response) -> TransientFault {
        error::fault(response, self.settings.clock.wall())
    }

    /// Waits before the next try, or says why there is none.
    pub(super) fn wait(
        &self,
        operation: &str,
        url: &Url,
        attempt: u32,
        most: Option<u32>,
        fault: &TransientFault,
    ) -> Result<(), RegistryError> {
        self.check()?;
        let clock = &self.settings.clock;
        let elapsed = clock.now().duration_since(self.started);
        let reached = self.contact.made();
        let policy = &self.settings.policy;
        let attempts = if reached { policy.attempts } else { policy.first_attempts() };
        let attempts = most.map_or(attempts, |most| most.min(attempts));
        let (reason, registry) = (fault.reason.clone(), url.at("").without_query());
        let wait = match policy.decide(attempt, attempts, elapsed, fault) {
            Decision::Retry(wait) => wait,
            Decision::GiveUp(bound) => {
                let (operation, url, advice) = if reached {
                    (operation, url.without_query(), "")
                } else {
                    let advice = "; check its name and port, and that it runs";
                    ("reaching the registry", registry, advice)
                };
                let operation = operation.to_owned();
                let source = RegistryError::Connection { operation, url, reason, advice };
                return Err(RegistryError::GaveUp { bound, source: Box::new(source) });
            }
        };
        let operation = if reached {
            operation.to_owned()
        } else {
            format!("the registry at {registry} cannot be reached")
        };
        let wait_s = wait.as_secs_f64();
        let retry = ImageEvent::Retry { operation, reason, wait_s, attempt, of: attempts };
        self.emit(&Event::Own(retry));
        let mut left = wait;
        while !left.is_zero() {
            let slice = left.min(SLEEP_SLICE);
            clock.sleep(slice);
            left -= slice;
            self.check()?;
        }
        Ok(())
    }
}

/// The state of a registry before and after its first answer.
///
/// Until a registry has answered once, requests go to it one at a time: one of them finds out for all whether it can be
/// reached, and which login it asks for.
#[derive(Default)]
pub(super) struct Contact {
    made: AtomicBool,
    wrote: AtomicBool,
    first: Mutex<()>,
}

impl Contact {
    /// Waits for those who are first; `None` once the registry has answered.
    fn first(&self) -> Option<MutexGuard<'_, ()>> {
        if self.made() {
            return None;
        }
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        (!self.made()).then_some(first)
    }

    /// Notes an answer; `wrote` where it was one to a request that changed something.
    fn answered(&self, wrote: bool) {
        self.made.store(true, Ordering::Relaxed);
        self.wrote.fetch_or(wrote, Ordering::Relaxed);
    }

    /// Returns true once the registry has answered.
    fn made(&self) -> bool {
        self.made.load(Ordering::Relaxed)
    }

    /// Returns true once the registry has taken anything.
    pub(super) fn wrote(&self) -> bool {
        self.wrote.load(Ordering::Relaxed)
    }
}
