//! The flags that every command takes, and what follows from them: which configuration, which cluster.
//!
//! It is a module of its own so that the commands need not know the command line that dispatches to them.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use skyward_config::{ConfigArgs, ConfigError, Loaded};
use skyward_deployer::api::ContextRef;
use skyward_k3s::command::Context;
use skyward_k3s::kubeconfig;
use skyward_terminal::Console;
use skyward_terminal::event::{Nothing, Verbosity};
use tokio::sync::Notify;

use crate::output::Output;

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
    /// Notified when the command is to end.
    #[arg(skip)]
    pub(crate) interrupt: Arc<Notify>,
}

impl Common {
    /// Reads the configuration.
    pub(crate) fn load(&self) -> Result<Loaded, ConfigError> {
        self.config.load()
    }

    /// Which cluster: the flags, then the configuration, then the one that `cluster up` made.
    pub(crate) fn target(&self, loaded: &Loaded) -> ContextRef {
        let configured = self.context.clone().or_else(|| loaded.config.k3s.context.clone());
        ContextRef {
            kubeconfig: self.named_kubeconfig(loaded),
            context: configured.or_else(|| self.made_context(loaded)),
        }
    }

    /// The surroundings of the commands on the cluster itself.
    pub(crate) fn cluster<'a>(&self, loaded: &'a Loaded, is_document: bool) -> Context<'a> {
        let output = match self.output {
            Output::Text => skyward_terminal::Output::Text,
            Output::Json => skyward_terminal::Output::Json,
        };
        let console = if is_document {
            Console::notes(Verbosity::Normal)
        } else {
            Console::new(output, Verbosity::Normal)
        };
        let kubeconfig = self.kubeconfig_file(loaded);
        Context { loaded, kubeconfig, output, sink: console.sink::<Nothing>().into() }
    }

    fn named_kubeconfig(&self, loaded: &Loaded) -> Option<PathBuf> {
        let configured = loaded.config.k3s.kubeconfig.as_ref().map(|path| loaded.root.join(path));
        self.kubeconfig.clone().or(configured)
    }

    /// The kubeconfig that `cluster up` writes into.
    pub(crate) fn kubeconfig_file(&self, loaded: &Loaded) -> PathBuf {
        kubeconfig::location(self.kubeconfig.as_deref(), loaded)
    }

    /// Whether the nodes are machines that the configuration lists, and not this one alone.
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
