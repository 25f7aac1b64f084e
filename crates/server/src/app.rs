//! An application: an axum router, and what is to happen around it.

use crate::extract::Shutdown;
use crate::metrics::Registry;
use axum::Router;
use std::fmt::{self, Display};
use std::pin::Pin;
use std::sync::Arc;

/// A future in a box, as the hooks are kept.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs once; a failure is said in one line.
pub(crate) type Start = Box<dyn FnOnce(Shutdown) -> Boxed<Result<(), String>> + Send>;
/// Runs once.
pub(crate) type Once = Box<dyn FnOnce() -> Boxed<()> + Send>;
/// Runs as long as the service does.
pub(crate) type Background = Box<dyn FnOnce(Shutdown) -> Boxed<()> + Send>;
/// Runs whenever somebody asks.
pub(crate) type Check = Arc<dyn Fn() -> Boxed<Result<(), String>> + Send + Sync>;

/// An axum router to serve, and what is to happen around it. A [`Router`] alone is one as well.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use skyward_server::App;
///
/// let router = Router::new().route("/", get(async || "Hello!"));
/// let app = App::new(router)
///     .on_start(async |_| Ok::<_, String>(()))
///     .ready(async || Ok::<_, String>(()))
///     .background("clean-up", async |shutdown| shutdown.drained().await)
///     .after_drain(async || ());
/// ```
#[derive(Default)]
pub struct App {
    pub(crate) router: Router,
    pub(crate) hooks: Hooks,
    pub(crate) registry: Registry,
}

/// The hooks of an application.
#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) start: Vec<Start>,
    pub(crate) ready: Vec<Check>,
    pub(crate) background: Vec<(String, Background)>,
    pub(crate) before_drain: Vec<Once>,
    pub(crate) after_drain: Vec<Once>,
}

impl App {
    /// Makes an application of `router`. It is taken as it is: with its routes, nested and merged ones, layers, fallbacks,
    /// services and state.
    pub fn new(router: Router) -> Self {
        Self { router, ..Self::default() }
    }

    /// Runs `hook` after the ports are bound and before the first connection is served: a pool is opened, a table read.
    /// `/readyz` answers 503 until it has ended. If it fails, the service ends with the reason.
    #[must_use]
    pub fn on_start<F, E>(mut self, hook: impl FnOnce(Shutdown) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        self.hooks.start.push(Box::new(move |shutdown| {
            let future = hook(shutdown);
            Box::pin(async move { future.await.map_err(|error| error.to_string()) })
        }));
        self
    }

    /// Lets `/readyz` answer 503 with the reason while `check` fails, or takes longer than 800 ms. It runs for each probe,
    /// on the thread that accepts connections.
    #[must_use]
    pub fn ready<F, E>(mut self, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        self.hooks.ready.push(Arc::new(move || {
            let future = check();
            Box::pin(async move { future.await.map_err(|error| error.to_string()) })
        }));
        self
    }

    /// Runs `task` beside the requests, from the start on. It is to end by itself when the [`Shutdown`] says so, and is
    /// waited for until `drain_cap_ms` have passed.
    #[must_use]
    pub fn background<F>(
        mut self,
        name: impl Into<String>,
        task: impl FnOnce(Shutdown) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let task: Background = Box::new(move |shutdown| Box::pin(task(shutdown)));
        self.hooks.background.push((name.into(), task));
        self
    }

    /// Runs `hook` after the signal, while connections are still accepted. The drain waits for it.
    #[must_use]
    pub fn before_drain<F>(mut self, hook: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.hooks.before_drain.push(Box::new(move || Box::pin(hook())));
        self
    }

    /// Runs `hook` after the last request: what they have left behind is written, a pool closed. A quarter of
    /// `drain_cap_ms`, one second at most, is kept for these hooks and the end of background tasks.
    #[must_use]
    pub fn after_drain<F>(mut self, hook: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.hooks.after_drain.push(Box::new(move || Box::pin(hook())));
        self
    }

    /// Shows the numbers of `registry` under `/metrics`, after the server's.
    #[must_use]
    pub fn metrics(self, registry: Registry) -> Self {
        Self { registry, ..self }
    }
}

impl From<Router> for App {
    fn from(router: Router) -> Self {
        Self::new(router)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("App").field("router", &self.router).finish_non_exhaustive()
    }
}
