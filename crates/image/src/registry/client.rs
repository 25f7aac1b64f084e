//! Requests to one registry: credentials, redirects and retries around each exchange.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Deserialize;
use ureq::http::Method;

use super::challenge;
use super::credentials::Credentials;
use super::error::RegistryError;
use super::http::{Failure, Limits, Payload, Response, Transport};
use super::progress::{Event, Progress, Silent};
use super::reference::{DOCKER_HUB, is_local};
use super::retry::{Clock, Decision, Fault, Policy, SystemClock, is_transient, retry_after};
use super::token::Authority;
use super::url::{Scheme, Url};

/// The host that answers for `docker.io`.
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";
/// More redirects than any registry sends.
const MAX_REDIRECTS: usize = 5;
/// The longest uninterrupted sleep: another part's failure is noticed in between.
const SLEEP_SLICE: Duration = Duration::from_millis(100);

/// How a registry is spoken to.
#[derive(Clone)]
pub struct Settings {
    /// Retries and the total deadline.
    pub policy: Policy,
    /// Bounds of one exchange.
    pub limits: Limits,
    /// Bytes of one request at most: GHCR refuses more than 4 MiB.
    pub chunk: u64,
    /// Whether plain HTTP is allowed beyond loopback.
    pub plain_http: bool,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Takes the events.
    pub progress: Arc<dyn Progress>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            limits: Limits::default(),
            chunk: (4 << 20) - (64 << 10),
            plain_http: false,
            clock: Arc::new(SystemClock),
            progress: Arc::new(Silent),
        }
    }
}

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
}

/// Why one try ended.
pub(super) enum Failed {
    /// It may pass; whether the request took effect is unknown.
    Fault(Fault),
    /// It will not.
    Fatal(RegistryError),
}

/// A registry, ready for requests from several threads.
pub(super) struct Client {
    pub(super) registry: String,
    base: Url,
    pub(super) transport: Transport,
    authority: Authority,
    pub(super) settings: Settings,
    started: Instant,
    cancelled: AtomicBool,
}

impl Client {
    pub(super) fn new(registry: &str, credentials: Credentials, settings: Settings) -> Self {
        let plain = settings.plain_http || is_local(registry);
        let scheme = if plain { Scheme::Http } else { Scheme::Https };
        let host = if registry == DOCKER_HUB { DOCKER_HUB_HOST } else { registry };
        let mut limits = settings.limits.clone();
        limits.answer = limits.answer.min(settings.policy.deadline);
        Self {
            registry: registry.to_owned(),
            base: Url::root(scheme, host),
            transport: Transport::new(&limits),
            authority: Authority::new(credentials),
            started: settings.clock.now(),
            settings,
            cancelled: AtomicBool::new(false),
        }
    }

    /// An address at the registry.
    pub(super) fn url(&self, path: &str) -> Url {
        self.base.at(path)
    }

    pub(super) fn emit(&self, event: &Event) {
        self.settings.progress.event(event);
    }

    /// Ends the waits and retries of the other threads.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Sends a request that may be repeated without harm, until it is answered.
    pub(super) fn send(&self, call: &Call<'_>) -> Result<Response, RegistryError> {
        let mut attempt = 1;
        loop {
            let payload = call.payload.again().expect("only what can be sent again is retried");
            let fault = match self.once(call, payload) {
                Ok(response) if is_transient(response.status) => self.fault_of(response),
                Ok(response) => return Ok(response),
                Err(Failed::Fault(fault)) => fault,
                Err(Failed::Fatal(error)) => return Err(error),
            };
            self.wait(call.operation, &call.url, attempt, &fault)?;
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
        let response = self.follow(call, payload.reborrow(), first.as_deref())?;
        if response.status != 401 || !self.is_home(&response.url) {
            return self.permitted(call, response);
        }
        let headers = response.headers.get_all("www-authenticate");
        let asked = challenge::parse(headers.iter().filter_map(|value| value.to_str().ok()));
        let Some(asked) = asked else {
            return self.permitted(call, response);
        };
        response.discard();
        self.authority.learn(asked, first.as_deref());
        let second = self.authority.authorization(self, call.scope)?;
        let Some(payload) = payload.again() else {
            let reason = "the login ended during the upload".to_owned();
            return Err(Failed::Fault(Fault { reason, retry_after: None }));
        };
        let response = self.follow(call, payload, second.as_deref())?;
        self.permitted(call, response)
    }

    /// 401 and 403 become the error that says which credentials were used.
    fn permitted(&self, call: &Call<'_>, mut response: Response) -> Result<Response, Failed> {
        if !matches!(response.status, 401 | 403) {
            return Ok(response);
        }
        let (verdict, unauthorized) =
            if response.status == 401 { ("asks for a login", true) } else { ("denies it", false) };
        let detail = detail(&mut response);
        Err(Failed::Fatal(self.denied(call.operation, verdict, detail, unauthorized)))
    }

    pub(super) fn denied(
        &self,
        operation: &str,
        verdict: &'static str,
        detail: String,
        unauthorized: bool,
    ) -> RegistryError {
        let registry = self.registry.clone();
        let advice = if unauthorized {
            format!(
                "log in with `docker login {registry}` or `podman login {registry}`, or give --username and --password-stdin"
            )
        } else {
            "check that the repository exists and that these credentials may write to it".to_owned()
        };
        let operation = operation.to_owned();
        let origin = self.authority.origin().to_owned();
        RegistryError::Denied { operation, registry, verdict, detail, origin, advice }
    }

    /// One exchange and the redirects it leads to. `Authorization` goes to the registry's own
    /// origin alone.
    fn follow(
        &self,
        call: &Call<'_>,
        mut payload: Payload<'_>,
        authorization: Option<&str>,
    ) -> Result<Response, Failed> {
        let mut url = call.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut headers = call.headers.clone();
            if let Some(value) = authorization.filter(|_| self.is_home(&url)) {
                headers.push(("Authorization", value.to_owned()));
            }
            let response =
                self.transport.exchange(&call.method, &url, &headers, payload.reborrow());
            let response = response.map_err(|failure| connection(call.operation, &url, failure))?;
            let redirect = matches!(response.status, 301 | 302 | 303 | 307 | 308);
            let Some(location) = response.header("location").filter(|_| redirect) else {
                return Ok(response);
            };
            if matches!(payload, Payload::Stream(..)) {
                return Err(self.answer(call, "it redirects an upload that was sent".to_owned()));
            }
            let next = self.resolve(&url, location).map_err(|reason| self.answer(call, reason))?;
            response.discard();
            url = next;
        }
        Err(self.answer(call, format!("more than {MAX_REDIRECTS} redirects")))
    }

    fn answer(&self, call: &Call<'_>, reason: String) -> Failed {
        let (operation, url) = (call.operation.to_owned(), call.url.without_query());
        Failed::Fatal(RegistryError::Answer { operation, url, reason })
    }

    fn is_home(&self, url: &Url) -> bool {
        url.same_origin(&self.base)
    }

    /// Resolves a `Location`. A registry behind a proxy that ends TLS often names itself with
    /// `http`: its own host is then asked by `https` all the same, another host is refused.
    pub(super) fn resolve(&self, from: &Url, location: &str) -> Result<Url, String> {
        let mut to = from
            .join(location)
            .ok_or_else(|| format!("its Location `{location}` is no address"))?;
        if from.scheme == Scheme::Https && to.scheme == Scheme::Http {
            if to.host() != from.host() {
                return Err(format!(
                    "its Location leads from https to plain http at {}, which is not followed",
                    to.host()
                ));
            }
            to.scheme = Scheme::Https;
            to.authority.clone_from(&from.authority);
        }
        Ok(to)
    }

    /// Waits before the next try, or says why there is none.
    pub(super) fn wait(
        &self,
        operation: &str,
        url: &Url,
        attempt: u32,
        fault: &Fault,
    ) -> Result<(), RegistryError> {
        if self.is_cancelled() {
            return Err(RegistryError::Cancelled);
        }
        let clock = &self.settings.clock;
        let elapsed = clock.now().duration_since(self.started);
        let wait = match self.settings.policy.decide(attempt, elapsed, fault) {
            Decision::Retry(wait) => wait,
            Decision::GiveUp(bound) => {
                let source = RegistryError::Connection {
                    operation: operation.to_owned(),
                    url: url.without_query(),
                    reason: fault.reason.clone(),
                    advice: "",
                };
                return Err(RegistryError::GaveUp { bound, source: Box::new(source) });
            }
        };
        self.emit(&Event::Retrying {
            operation: operation.to_owned(),
            reason: fault.reason.clone(),
            wait,
            attempt,
            of: self.settings.policy.attempts,
        });
        let mut left = wait;
        while !left.is_zero() {
            let slice = left.min(SLEEP_SLICE);
            clock.sleep(slice);
            left -= slice;
            if self.is_cancelled() {
                return Err(RegistryError::Cancelled);
            }
        }
        Ok(())
    }

    /// Reads a transient answer as a fault.
    pub(super) fn fault_of(&self, mut response: Response) -> Fault {
        let now = self.settings.clock.wall();
        let asked = response.header("retry-after").and_then(|value| retry_after(value, now));
        let detail = detail(&mut response);
        let reason = format!("the registry answers {}{detail}", response.status);
        Fault { reason, retry_after: asked }
    }

    /// An answer that says no, as an error.
    pub(super) fn status(&self, operation: &str, mut response: Response) -> RegistryError {
        let mut detail = detail(&mut response);
        if response.status == 400 && response.url.scheme == Scheme::Http && detail.contains("HTTPS")
        {
            detail.push_str("; it speaks https: leave out --plain-http, or reach it by another name than localhost");
        }
        RegistryError::Status {
            operation: operation.to_owned(),
            url: response.url.without_query(),
            status: response.status,
            detail,
        }
    }
}

/// A failed exchange, with what was being done.
pub(super) fn connection(operation: &str, url: &Url, failure: Failure) -> Failed {
    match failure {
        Failure::Fault(fault) => Failed::Fault(fault),
        Failure::Fatal(reason, advice) => Failed::Fatal(RegistryError::Connection {
            operation: operation.to_owned(),
            url: url.without_query(),
            reason,
            advice,
        }),
    }
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<OneError>,
}

#[derive(Deserialize)]
struct OneError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// The registry's own words (distribution-spec, "Error Codes"), with a leading separator.
pub(super) fn detail(response: &mut Response) -> String {
    let Ok(body) = response.bytes(1 << 16) else {
        return String::new();
    };
    let text = match serde_json::from_slice::<Errors>(&body) {
        Ok(Errors { errors }) => {
            let lines = errors.iter().map(|error| format!("{} {}", error.code, error.message));
            lines.collect::<Vec<_>>().join(", ")
        }
        // A proxy's page of HTML says nothing that a person wants on a line.
        Err(_) => String::from_utf8_lossy(&body).lines().next().unwrap_or("").to_owned(),
    };
    let text: String =
        text.trim().chars().filter(|letter| !letter.is_control()).take(300).collect();
    if text.is_empty() { text } else { format!(": {text}") }
}
