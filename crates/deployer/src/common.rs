//! The flags that every command takes, and what follows from them: which configuration, which cluster.
//!
//! It is a module of its own so that the commands need not know the command line that dispatches to them.

use std::path::PathBuf;
use std::sync::Arc;

use crate::api::{ApiServer, ApiSettings, CallError, ContextRef};
use crate::event::{DeployEvent, Event};
use crate::history::{History, Revision};
use crate::operate::Selection;
use anyhow::Result;
use clap::Args;
use skyward_config::{ConfigArgs, ConfigError, Loaded};
use skyward_k3s::command::Context;
use skyward_k3s::kubeconfig;
use skyward_terminal::event::Verbosity;
use skyward_terminal::{Calls, Console, Output, Sink, Verbose};
use tokio::sync::Notify;

/// Shows events, from whichever thread they come.
pub(crate) type Shown = Arc<dyn Sink<DeployEvent> + Send + Sync>;

/// The flags that every command takes.
#[derive(Args)]
pub(crate) struct Common {
    #[command(flatten)]
    config: ConfigArgs,
    /// The context of the kubeconfig [default: k3s.context]
    #[arg(long, value_name = "NAME", global = true)]
    context: Option<String>,
    /// The kubeconfig [default: k3s.kubeconfig, KUBECONFIG, ~/.kube/config]
    #[arg(long, value_name = "FILE", global = true)]
    kubeconfig: Option<PathBuf>,
    /// The form of standard output
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) output: Output,
    #[command(flatten)]
    verbose: Verbose,
    /// Notified when the command is to end.
    #[arg(skip)]
    pub(crate) interrupt: Arc<Notify>,
}

/// The configuration, the cluster that it names, and the sink of a command's events.
pub(crate) struct Session {
    pub(crate) loaded: Loaded,
    pub(crate) shown: Shown,
    pub(crate) api: ApiServer,
}

impl Session {
    /// The release's name and namespace.
    pub(crate) fn release(&self) -> (&str, &str) {
        (&self.loaded.config.service.name, &self.loaded.config.k3s.namespace)
    }

    /// The release's revisions that can be read; those that cannot are named.
    pub(crate) async fn revisions(&self) -> Result<Vec<Revision>, CallError> {
        self.history().usable(|text| self.shown.emit(Event::note(text))).await
    }

    /// The release's history.
    pub(crate) fn history(&self) -> History<'_> {
        let (name, namespace) = self.release();
        History::new(&self.api, namespace, name)
    }
}

impl Common {
    /// As without any flag beside those of the configuration.
    pub(crate) fn of(config: ConfigArgs) -> Self {
        Self {
            config,
            context: None,
            kubeconfig: None,
            output: Output::default(),
            verbose: Verbose::default(),
            interrupt: Arc::default(),
        }
    }

    /// Reads the configuration.
    pub(crate) fn load(&self) -> Result<Loaded, ConfigError> {
        self.config.load()
    }

    /// Shows the events of a command that takes steps.
    pub(crate) fn events(&self) -> Shown {
        Arc::from(Console::new(self.output, self.verbose.verbosity()).sink())
    }

    /// Shows the notes of a command whose result is a document of its own: always as lines on standard error.
    pub(crate) fn notes(&self) -> Shown {
        Arc::from(Console::notes(self.verbose.verbosity()).sink())
    }

    /// Takes the calls to other systems, where `-v` asks for them.
    pub(crate) fn calls(&self, shown: &Shown) -> Calls {
        if self.verbose.verbosity() < Verbosity::Calls {
            return Calls::silent();
        }
        let shown = Arc::clone(shown);
        Calls::new(move |call| shown.emit(Event::Call(call)))
    }

    /// Connects to the API server, and tells which one.
    pub(crate) async fn connect(&self, loaded: &Loaded, shown: &Shown) -> Result<ApiServer> {
        let listener = Arc::clone(shown);
        let settings = ApiSettings {
            listener: Some(Arc::new(move |text| listener.emit(Event::note(text)))),
            calls: self.calls(shown),
            ..ApiSettings::default()
        };
        let api = ApiServer::connect_with(&self.target(loaded), settings).await?;
        let (context, server) = (api.context().to_owned(), api.server().to_owned());
        shown.emit(DeployEvent::Cluster { context, server }.into());
        Ok(api)
    }

    /// Reads the configuration and connects to its cluster.
    pub(crate) async fn open(&self, shown: Shown) -> Result<Session> {
        let loaded = self.load()?;
        let api = self.connect(&loaded, &shown).await?;
        Ok(Session { loaded, shown, api })
    }

    /// Returns the cluster to talk to: that of the flags, then of the configuration, then the one that `cluster up` made.
    pub(crate) fn target(&self, loaded: &Loaded) -> ContextRef {
        let configured = self.context.clone().or_else(|| loaded.config.k3s.context.clone());
        ContextRef {
            kubeconfig: self.named_kubeconfig(loaded),
            context: configured.or_else(|| self.made_context(loaded)),
        }
    }

    /// The surroundings of the commands on the cluster itself, whose events are shown among ours.
    pub(crate) fn cluster<'a>(&self, loaded: &'a Loaded, shown: &Shown) -> Context<'a> {
        let shown = Arc::clone(shown);
        let sink = move |event: skyward_terminal::Event| {
            // The cluster's crate has no events of its own.
            shown.emit(event.map(|own| match own {}));
        };
        Context {
            loaded,
            kubeconfig: self.kubeconfig_file(loaded),
            output: self.output,
            sink: Arc::new(sink),
        }
    }

    fn named_kubeconfig(&self, loaded: &Loaded) -> Option<PathBuf> {
        let configured = loaded.config.k3s.kubeconfig.as_ref().map(|path| loaded.root.join(path));
        self.kubeconfig.clone().or(configured)
    }

    /// The kubeconfig that `cluster up` writes into.
    pub(crate) fn kubeconfig_file(&self, loaded: &Loaded) -> PathBuf {
        kubeconfig::location(self.kubeconfig.as_deref(), loaded)
    }

    /// Returns true where the nodes are machines that the configuration lists, and not this one alone.
    pub(crate) fn has_machines(&self, loaded: &Loaded) -> bool {
        !loaded.config.k3s.machine.is_empty() && self.context.is_none()
    }

    /// The context of the configured cluster's name, where it bears the mark of `cluster up`: no other is taken unasked.
    fn made_context(&self, loaded: &Loaded) -> Option<String> {
        let name = &loaded.config.k3s.cluster;
        let document = kubeconfig::Kubeconfig::read(&self.kubeconfig_file(loaded)).ok()?;
        matches!(document.owner(name), kubeconfig::Owner::Cluster(_)).then(|| name.clone())
    }
}

/// The pods that a command is about.
#[derive(Args)]
pub(crate) struct PodArgs {
    /// The pods [default: all of the release]
    #[arg(value_name = "POD")]
    pods: Vec<String>,
    /// Those of this worker or job alone; the service's own name for the service alone
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// The container [default: the one with the release's image]
    #[arg(long, value_name = "NAME")]
    container: Option<String>,
}

impl PodArgs {
    /// The pods of the configured release.
    pub(crate) fn selection(&self, loaded: &Loaded) -> Selection {
        Selection {
            namespace: loaded.config.k3s.namespace.clone(),
            release: loaded.config.service.name.clone(),
            only: self.only.clone(),
            pods: self.pods.clone(),
            container: self.container.clone(),
        }
    }
}
