//! From settings to a server, and from a server to its end.

use crate::accept::{Acceptor, Dispatch};
use crate::access_log::{LogWriter, Sink, wants_agent};
use crate::admin::{self, Sources};
use crate::app::{App, Start};
use crate::connection::Handler;
use crate::descriptors::{self, DescriptorError};
use crate::diagnostics::Diagnostics;
use crate::drain::{self, Drain, Drained, Outcome, Stop};
use crate::endpoint::register::Register;
use crate::endpoint::{Deadlines, Endpoint, HeadLimits};
use crate::extract::Shutdown;
use crate::lifecycle::{Lifecycle, Phase};
use crate::listener::{self, BindError};
#[cfg(feature = "shared-threads")]
use crate::metrics;
use crate::metrics::Metrics;
use crate::routing;
use crate::worker::{self, Worker};
use axum::Router;
use skyward_config::{Cidr, Form, Settings, Threads};
use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
#[cfg(feature = "shared-threads")]
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Connections that may be open on the admin port.
const ADMIN_CONNECTIONS: usize = 64;
/// Bytes of the head of a request to the admin port.
const ADMIN_HEADER_BYTES: usize = 8 * 1024;
/// Time that the end waits for threads that compute.
const JOIN_TIMEOUT: Duration = Duration::from_millis(500);
/// Time that the end waits for an access log that nobody reads.
const LOG_CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// A reason why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// There are too few file descriptors.
    #[error(transparent)]
    Descriptors(#[from] DescriptorError),
    /// The system has no thread or event loop to give.
    #[error(
        "cannot start a thread or an event loop ({0}); raise the limits of processes and open files (ulimit -u, ulimit -n)"
    )]
    Resources(io::Error),
    /// A network of the trusted proxies is malformed.
    #[error("cannot trust the proxies of {0:?}; {form}", form = Form::Networks)]
    Network(String),
    /// Threads are to be shared by a program that was built without that.
    #[error(
        "cannot share threads: the program is built without it; switch on the feature shared-threads of skyward-server, or choose --threads per-core"
    )]
    NoSharedThreads,
    /// The application did not start: one of its hooks failed.
    #[error("the application did not start: {0}")]
    Application(String),
}

/// A server that is bound to its ports, but does not serve yet.
#[derive(Debug)]
pub struct Server {
    runtime: Runtime,
    settings: Settings,
    endpoint: Arc<Endpoint>,
    app: App,
    max_connections: usize,
    version: &'static str,
    public: TcpListener,
    admin: TcpListener,
    stop: UnboundedSender<Stop>,
    stops: UnboundedReceiver<Stop>,
}

impl Server {
    /// Binds both ports for `app`, an [`App`] or an axum router.
    ///
    /// # Errors
    /// With the next step for a person.
    pub fn bind(settings: Settings, app: impl Into<App>) -> Result<Self, StartError> {
        let mut app = app.into();
        let endpoint = public_endpoint(&settings, std::mem::take(&mut app.router))?;
        let max_connections = descriptors::connections(
            settings.max_connections.map(whole),
            whole(settings.max_connections()),
        )?;
        let runtime = runtime(settings.threads())?;
        let (public, admin) = {
            let _context = runtime.enter();
            (
                listener::listen(SocketAddr::new(settings.host, settings.port), "port")?,
                listener::listen(
                    SocketAddr::new(settings.host, settings.admin_port),
                    "admin-port",
                )?,
            )
        };
        let (stop, stops) = unbounded_channel();
        let version = "";
        Ok(Self {
            runtime,
            settings,
            endpoint,
            app,
            max_connections,
            version,
            public,
            admin,
            stop,
            stops,
        })
    }

    /// Sets the version that the metrics name.
    #[must_use]
    pub fn with_version(self, version: &'static str) -> Self {
        Self { version, ..self }
    }

    /// The service's address, with the port that was picked.
    ///
    /// # Errors
    /// When the system does not say it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.public.local_addr()
    }

    /// The address of probes and metrics.
    ///
    /// # Errors
    /// When the system does not say it.
    pub fn admin_address(&self) -> io::Result<SocketAddr> {
        self.admin.local_addr()
    }

    /// Returns the sender that ends the server: the first stop drains it, the second ends it at once.
    pub fn stopper(&self) -> UnboundedSender<Stop> {
        self.stop.clone()
    }

    /// Lets SIGTERM and SIGINT be stops.
    ///
    /// # Errors
    /// When the system refuses the handlers.
    pub fn stop_on_signals(&self) -> io::Result<()> {
        let _context = self.runtime.enter();
        drain::forward_signals(&self.stop)
    }

    /// Serves until a stop; the access log goes to `sink`.
    ///
    /// # Errors
    /// When the system has no thread or event loop to give, or the application does not start.
    pub fn run(self, sink: Sink) -> Result<Outcome, StartError> {
        let Self { runtime, settings, endpoint, app, max_connections, version, stop, .. } = self;
        let (public, admin, mut stops) = (self.public, self.admin, self.stops);
        let shared = Shared::start(&settings, sink).map_err(StartError::Resources)?;
        let handlers = (0..shared.workers).map(|index| shared.handler(&endpoint, index));
        let (workers, dispatch) = match settings.threads() {
            Threads::Shared => (Vec::new(), Dispatch::Shared(handlers.collect())),
            Threads::PerCore => {
                let workers = handlers.enumerate().map(|(index, each)| worker::start(index, each));
                let workers: Vec<Worker> =
                    workers.collect::<io::Result<_>>().map_err(StartError::Resources)?;
                let queues = workers.iter().map(|worker| worker.connections.clone()).collect();
                (workers, Dispatch::Workers(queues))
            }
        };
        let acceptor = shared.acceptor(&endpoint, max_connections, dispatch);
        let probes = admin_endpoint(admin::router(Sources {
            lifecycle: Arc::clone(&shared.lifecycle),
            metrics: Arc::clone(&shared.metrics),
            log: shared.log.log(0),
            endpoint: Arc::clone(&endpoint),
            version,
            checks: app.hooks.ready,
            registry: app.registry,
        }));
        let admin_acceptor = shared.acceptor(&probes, ADMIN_CONNECTIONS, Dispatch::Here);
        let shutdown = Shutdown::new(Arc::clone(&shared.lifecycle));
        let outcome = runtime.block_on(async {
            tokio::spawn(admin_acceptor.run(admin, Phase::Over));
            let starting = start_application(app.hooks.start, &shutdown);
            tokio::select! {
                biased;
                Some(stop) = stops.recv() => {
                    let name = stop.name();
                    shared.diagnostics.info(&format!("{name}: ending before the start is complete"));
                    return Ok(Outcome::Drained(Drained { answered: 0, cut: 0 }));
                }
                started = starting => started?,
            }
            let background = app.hooks.background.into_iter().map(|(name, task)| {
                let task = tokio::spawn(task(shutdown.clone()));
                (name, task)
            });
            let drain = Drain {
                delay: Duration::from_millis(settings.drain_delay_ms()),
                cap: Duration::from_millis(settings.drain_cap_ms()),
                lifecycle: Arc::clone(&shared.lifecycle),
                metrics: Arc::clone(&shared.metrics),
                endpoint: Arc::clone(&endpoint),
                diagnostics: shared.diagnostics.clone(),
                before: app.hooks.before_drain,
                after: app.hooks.after_drain,
                background: background.collect(),
            };
            shared.lifecycle.start();
            let accepting = tokio::spawn(acceptor.run(public, Phase::Draining));
            Ok(drain.run(&mut stops, accepting).await)
        });
        drop(stop);
        shared.lifecycle.enter(Phase::Over);
        if let Ok(Outcome::Drained(_)) = outcome {
            worker::join(workers, JOIN_TIMEOUT);
            runtime.shutdown_timeout(JOIN_TIMEOUT);
        } else {
            runtime.shutdown_background();
        }
        shared.log.close(LOG_CLOSE_TIMEOUT);
        outcome
    }
}

/// The event loop that accepts; where threads are shared, it serves as well.
fn runtime(threads: Threads) -> Result<Runtime, StartError> {
    match threads {
        Threads::PerCore => runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StartError::Resources),
        Threads::Shared => shared_runtime(),
    }
}

#[cfg(feature = "shared-threads")]
fn shared_runtime() -> Result<Runtime, StartError> {
    let count = workers();
    let next = AtomicUsize::new(0);
    runtime::Builder::new_multi_thread()
        .worker_threads(count)
        .thread_name("worker")
        .on_thread_start(move || metrics::enter_worker(next.fetch_add(1, Relaxed) % count))
        .enable_all()
        .build()
        .map_err(StartError::Resources)
}

#[cfg(not(feature = "shared-threads"))]
fn shared_runtime() -> Result<Runtime, StartError> {
    Err(StartError::NoSharedThreads)
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Runs the application's own start, one hook after the other.
async fn start_application(hooks: Vec<Start>, shutdown: &Shutdown) -> Result<(), StartError> {
    for hook in hooks {
        // On a task of its own, so that a panic is an error like others.
        let result = tokio::spawn(hook(shutdown.clone())).await;
        result.unwrap_or_else(|_| Err("it panicked".into())).map_err(StartError::Application)?;
    }
    Ok(())
}

/// The parts that the whole of a running server shares.
struct Shared {
    workers: usize,
    metrics: Arc<Metrics>,
    lifecycle: Arc<Lifecycle>,
    log: LogWriter,
    diagnostics: Diagnostics,
}

impl Shared {
    fn start(settings: &Settings, sink: Sink) -> io::Result<Self> {
        let workers = workers();
        // One log for each worker, and the last for the accepting thread.
        let log = LogWriter::start(workers + 1, settings.log_format, sink)?;
        let diagnostics = Diagnostics::new(&settings.name, log.log(workers));
        Ok(Self {
            workers,
            metrics: Arc::new(Metrics::new(workers)),
            lifecycle: Arc::default(),
            log,
            diagnostics,
        })
    }

    /// Serves connections of `endpoint` with the log number `index`; the number after the last is the
    /// accepting thread's.
    fn handler(&self, endpoint: &Arc<Endpoint>, index: usize) -> Arc<Handler> {
        Arc::new(Handler {
            endpoint: Arc::clone(endpoint),
            metrics: Arc::clone(&self.metrics),
            log: self.log.log(index),
            lifecycle: Arc::clone(&self.lifecycle),
            diagnostics: self.diagnostics.clone(),
        })
    }

    fn acceptor(
        &self,
        endpoint: &Arc<Endpoint>,
        max_connections: usize,
        dispatch: Dispatch,
    ) -> Acceptor {
        Acceptor {
            handler: self.handler(endpoint, self.workers),
            max_connections,
            dispatch,
            diagnostics: self.diagnostics.clone(),
            rejected: Arc::default(),
        }
    }
}

fn public_endpoint(settings: &Settings, router: Router) -> Result<Arc<Endpoint>, StartError> {
    let proxies = settings.trusted_proxies().into_iter();
    let proxies = proxies.map(|text| text.parse().map_err(|_| StartError::Network(text)));
    let trusted_proxies: Vec<Cidr> = proxies.collect::<Result<_, _>>()?;
    let most_of_a_client = whole(settings.max_connections_per_client());
    Ok(Arc::new(Endpoint {
        router: routing::observe(router),
        head_limits: Arc::new(HeadLimits {
            max_header_bytes: whole(settings.max_header_bytes()),
            max_body_bytes: settings.max_body_bytes(),
            allowed_hosts: settings.allowed_hosts(),
        }),
        deadlines: deadlines(settings),
        register: Register::new(most_of_a_client, trusted_proxies.clone()),
        trusted_proxies,
        log_agent: wants_agent(settings.log_format),
        observed: true,
        open: AtomicUsize::new(0),
        max_upgrades: whole(settings.max_upgrades()),
        upgraded: AtomicUsize::new(0),
    }))
}

/// The admin port has limits of its own: what is set for the service must not be able to keep a probe away.
fn admin_endpoint(router: Router) -> Arc<Endpoint> {
    Arc::new(Endpoint {
        router: routing::observe(router),
        head_limits: Arc::new(HeadLimits {
            max_header_bytes: ADMIN_HEADER_BYTES,
            max_body_bytes: 0,
            allowed_hosts: Vec::new(),
        }),
        deadlines: deadlines(&Settings::default()),
        register: Register::default(),
        trusted_proxies: Vec::new(),
        log_agent: false,
        observed: false,
        open: AtomicUsize::new(0),
        max_upgrades: 0,
        upgraded: AtomicUsize::new(0),
    })
}

fn deadlines(settings: &Settings) -> Deadlines {
    Deadlines {
        header: Duration::from_millis(settings.header_timeout_ms()),
        idle: Duration::from_millis(settings.idle_timeout_ms()),
        body: Duration::from_millis(settings.body_timeout_ms()),
        write: Duration::from_millis(settings.write_timeout_ms()),
        request: Duration::from_millis(settings.request_timeout_ms()),
        upgrade_idle: Duration::from_millis(settings.upgrade_idle_timeout_ms()),
        nanoseconds_per_byte: 1_000_000_000_u64
            .checked_div(settings.min_rate_bytes())
            .unwrap_or(u64::MAX),
        drain_grace: Duration::from_millis(settings.drain_grace_ms()),
    }
}

fn whole(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
