//! From settings to a server, and from a server to its end.

use crate::accept::{Acceptor, Dispatch};
use crate::access_log::{LogWriter, Sink, wants_agent};
use crate::admin;
use crate::app::App;
use crate::connection::Handler;
use crate::descriptors::{self, DescriptorError};
use crate::diagnostics::Diagnostics;
use crate::drain::{self, Drain, Outcome, Stop};
use crate::endpoint::{Deadlines, Endpoint, HeadLimits};
use crate::lifecycle::{Lifecycle, Phase};
use crate::listener::{self, BindError};
use crate::metrics::Metrics;
use crate::worker::{self, Worker};
use skyward_config::{Form, Settings};
use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Connections that may be open on the admin port.
const ADMIN_CONNECTIONS: usize = 64;
/// Bytes of the head of a request to the admin port.
const ADMIN_HEADER_BYTES: usize = 8 * 1024;
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
}

/// A server that is bound to its ports, but does not serve yet.
#[derive(Debug)]
pub struct Server {
    runtime: Runtime,
    settings: Settings,
    endpoint: Arc<Endpoint>,
    max_connections: usize,
    version: &'static str,
    public: TcpListener,
    admin: TcpListener,
    stop: UnboundedSender<Stop>,
    stops: UnboundedReceiver<Stop>,
}

impl Server {
    /// Binds both ports for `app`.
    ///
    /// # Errors
    /// With the next step for a person.
    pub fn bind(settings: Settings, app: App) -> Result<Self, StartError> {
        let endpoint = public_endpoint(&settings, app)?;
        let most = |connections| usize::try_from(connections).unwrap_or(usize::MAX);
        let max_connections = descriptors::connections(
            settings.max_connections.map(most),
            most(settings.max_connections()),
        )?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StartError::Resources)?;
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
    /// When the system has no thread or event loop to give.
    pub fn run(self, sink: Sink) -> Result<Outcome, StartError> {
        let Self {
            runtime,
            settings,
            endpoint,
            max_connections,
            version,
            public,
            admin,
            stop,
            stops,
        } = self;
        let shared = Shared::start(&settings, sink).map_err(StartError::Resources)?;
        let workers =
            (0..shared.workers).map(|index| worker::start(index, shared.handler(&endpoint, index)));
        let workers: Vec<Worker> =
            workers.collect::<io::Result<_>>().map_err(StartError::Resources)?;
        let queues = workers.iter().map(|worker| worker.connections.clone()).collect();
        let acceptor = shared.acceptor(&endpoint, max_connections, Dispatch::Workers(queues));
        let probes = admin::app(
            Arc::clone(&shared.lifecycle),
            Arc::clone(&shared.metrics),
            shared.log.log(0),
            version,
        );
        let admin_acceptor =
            shared.acceptor(&admin_endpoint(probes), ADMIN_CONNECTIONS, Dispatch::Here);
        let drain = Drain {
            delay: Duration::from_millis(settings.drain_delay_ms()),
            cap: Duration::from_millis(settings.drain_cap_ms()),
            lifecycle: Arc::clone(&shared.lifecycle),
            metrics: Arc::clone(&shared.metrics),
            diagnostics: shared.diagnostics.clone(),
        };
        let outcome = runtime.block_on(async {
            let accepting = tokio::spawn(acceptor.run(public, Phase::Draining));
            tokio::spawn(admin_acceptor.run(admin, Phase::Over));
            drain.run(stops, accepting).await
        });
        drop(stop);
        shared.lifecycle.enter(Phase::Over);
        if let Outcome::Drained(_) = outcome {
            for worker in workers {
                let _ = worker.thread.join();
            }
        }
        shared.log.close(LOG_CLOSE_TIMEOUT);
        Ok(outcome)
    }
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
        let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
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

    /// Serves connections of `endpoint` on the worker number `index`; the number after the last is the
    /// accepting thread's.
    fn handler(&self, endpoint: &Arc<Endpoint>, index: usize) -> Arc<Handler> {
        Arc::new(Handler {
            endpoint: Arc::clone(endpoint),
            metrics: Arc::clone(&self.metrics),
            worker: index,
            log: self.log.log(index),
            lifecycle: Arc::clone(&self.lifecycle),
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

fn public_endpoint(settings: &Settings, app: App) -> Result<Arc<Endpoint>, StartError> {
    let proxies = settings.trusted_proxies().into_iter();
    let proxies = proxies.map(|text| text.parse().map_err(|_| StartError::Network(text)));
    Ok(Arc::new(Endpoint {
        app,
        head_limits: Arc::new(HeadLimits {
            max_header_bytes: usize::try_from(settings.max_header_bytes()).unwrap_or(usize::MAX),
            max_body_bytes: settings.max_body_bytes(),
            allowed_hosts: settings.allowed_hosts(),
        }),
        deadlines: deadlines(settings),
        trusted_proxies: proxies.collect::<Result<_, _>>()?,
        log_agent: wants_agent(settings.log_format),
        observed: true,
        open: AtomicUsize::new(0),
    }))
}

/// The admin port has limits of its own: what is set for the service must not be able to keep a probe away.
fn admin_endpoint(app: App) -> Arc<Endpoint> {
    Arc::new(Endpoint {
        app,
        head_limits: Arc::new(HeadLimits {
            max_header_bytes: ADMIN_HEADER_BYTES,
            max_body_bytes: 0,
            allowed_hosts: Vec::new(),
        }),
        deadlines: deadlines(&Settings::default()),
        trusted_proxies: Vec::new(),
        log_agent: false,
        observed: false,
        open: AtomicUsize::new(0),
    })
}

fn deadlines(settings: &Settings) -> Deadlines {
    Deadlines {
        header: Duration::from_millis(settings.header_timeout_ms()),
        idle: Duration::from_millis(settings.idle_timeout_ms()),
        body: Duration::from_millis(settings.body_timeout_ms()),
        write: Duration::from_millis(settings.write_timeout_ms()),
        request: Duration::from_millis(settings.request_timeout_ms()),
        drain_grace: Duration::from_millis(settings.drain_grace_ms()),
    }
}
