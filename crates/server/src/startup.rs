//! From settings to a server, and from a server to its end.

use crate::accept::{Acceptor, Dispatch, Port};
use crate::access_log::{LogWriter, Sink};
use crate::admin;
use crate::app::App;
use crate::connection::head::HeadRules;
use crate::descriptors::{self, DescriptorError};
use crate::drain::{self, Drain, Outcome, Stop};
use crate::exchange::Site;
use crate::lifecycle::{Lifecycle, Phase};
use crate::listener::{self, BindError};
use crate::metrics::Metrics;
use crate::notice::Notices;
use crate::settings::{Settings, table::DEFAULT_CONNECTIONS};
use crate::worker::{self, Worker};
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
/// How long the end waits for an access log that nobody reads.
const LOG_PATIENCE: Duration = Duration::from_millis(500);

/// Why a server cannot start.
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
}

/// A server that is bound to its ports, but does not serve yet.
#[derive(Debug)]
pub struct Server {
    runtime: Runtime,
    settings: Settings,
    app: App,
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
        let max_connections =
            descriptors::connections(settings.max_connections, DEFAULT_CONNECTIONS)?;
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
        Ok(Self { runtime, settings, app, max_connections, version, public, admin, stop, stops })
    }

    /// The same server, whose metrics say that this `version` of the service runs.
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

    /// What ends the server from outside: the first stop drains, the second ends at once.
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
        let Self { runtime, settings, app, max_connections, version, public, admin, stop, stops } =
            self;
        let shared = Shared::start(&settings, sink).map_err(StartError::Resources)?;
        let site = public_site(&settings, app);
        let workers =
            (0..shared.workers).map(|index| worker::start(index, shared.port(&site, index)));
        let workers: Vec<Worker> =
            workers.collect::<io::Result<_>>().map_err(StartError::Resources)?;
        let queues = workers.iter().map(|worker| worker.connections.clone()).collect();
        let acceptor = shared.acceptor(&site, max_connections, Dispatch::Workers(queues));
        let probes = admin::app(
            Arc::clone(&shared.lifecycle),
            Arc::clone(&shared.metrics),
            shared.log.log(0),
            version,
        );
        let admin_acceptor =
            shared.acceptor(&admin_site(probes), ADMIN_CONNECTIONS, Dispatch::Here);
        let drain = Drain {
            delay: settings.drain_delay,
            cap: settings.drain_cap,
            lifecycle: Arc::clone(&shared.lifecycle),
            metrics: Arc::clone(&shared.metrics),
            notices: shared.notices.clone(),
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
        shared.log.close(LOG_PATIENCE);
        Ok(outcome)
    }
}

/// What all parts of a running server have in common.
struct Shared {
    workers: usize,
    metrics: Arc<Metrics>,
    lifecycle: Arc<Lifecycle>,
    log: LogWriter,
    notices: Notices,
}

impl Shared {
    fn start(settings: &Settings, sink: Sink) -> io::Result<Self> {
        let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
        // One log for each worker, and the last for the accepting thread.
        let log = LogWriter::start(workers + 1, settings.log_format, sink)?;
        let notices = Notices::new(&settings.name, log.log(workers));
        Ok(Self {
            workers,
            metrics: Arc::new(Metrics::new(workers)),
            lifecycle: Arc::default(),
            log,
            notices,
        })
    }

    /// What connections of `site` are given on the worker number `index`; the number after the last is the
    /// accepting thread's.
    fn port(&self, site: &Arc<Site>, index: usize) -> Arc<Port> {
        Arc::new(Port {
            site: Arc::clone(site),
            metrics: Arc::clone(&self.metrics),
            worker: index,
            log: self.log.log(index),
            lifecycle: Arc::clone(&self.lifecycle),
        })
    }

    fn acceptor(&self, site: &Arc<Site>, max_connections: usize, dispatch: Dispatch) -> Acceptor {
        Acceptor {
            port: self.port(site, self.workers),
            max_connections,
            dispatch,
            notices: self.notices.clone(),
            turning_away: Arc::default(),
        }
    }
}

fn public_site(settings: &Settings, app: App) -> Arc<Site> {
    Arc::new(Site {
        app,
        head_rules: Arc::new(HeadRules {
            max_header_bytes: settings.max_header_bytes,
            max_body_bytes: settings.max_body_bytes,
            allowed_hosts: settings.allowed_hosts.clone(),
        }),
        deadlines: settings.deadlines,
        trusted_proxies: settings.trusted_proxies.clone(),
        log_agent: settings.log_format.wants_agent(),
        observed: true,
        open: AtomicUsize::new(0),
    })
}

/// The admin port has bounds of its own: what is set for the service must not be able to keep a probe away.
fn admin_site(app: App) -> Arc<Site> {
    Arc::new(Site {
        app,
        head_rules: Arc::new(HeadRules {
            max_header_bytes: 8 * 1024,
            max_body_bytes: 0,
            allowed_hosts: Vec::new(),
        }),
        deadlines: Settings::default().deadlines,
        trusted_proxies: Vec::new(),
        log_agent: false,
        observed: false,
        open: AtomicUsize::new(0),
    })
}
