//! Where it is measured: namespaces of their own on the configured cluster.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use kube::config::Kubeconfig;
use skyward_config::Config;
use skyward_deployer::api::{ApiServer, Apply, ContextRef};
use skyward_deployer::manifest::{Kind, Manifest, ObjectId};
use tokio::runtime::Runtime;

use crate::workspace;

/// Ours.
pub(crate) const OURS: &str = "skyward-bench-deploy";
/// Helm's.
pub(crate) const HELMS: &str = "skyward-bench-helm";
/// Ours for the release with everything beside the sample.
pub(crate) const OURS_WHOLE: &str = "skyward-bench-deploy-whole";
/// Helm's for that.
pub(crate) const HELMS_WHOLE: &str = "skyward-bench-helm-whole";

/// All of them.
const ALL: [&str; 4] = [OURS, HELMS, OURS_WHOLE, HELMS_WHOLE];

/// A namespace that is deleted is gone once its pods have drained.
const PATIENCE: Duration = Duration::from_mins(2);

/// The namespaces on their cluster.
pub(crate) struct Place {
    runtime: Runtime,
    api: ApiServer,
}

/// `k3s.context`, else the current context of `KUBECONFIG`: whoever sets that variable has named a cluster.
pub(crate) fn context(config: &Config) -> Result<Option<String>> {
    if config.k3s.context.is_some() {
        return Ok(config.k3s.context.clone());
    }
    let kubeconfig = Kubeconfig::from_env().context("reading KUBECONFIG")?;
    Ok(kubeconfig.and_then(|kubeconfig| kubeconfig.current_context))
}

impl Place {
    /// Makes Helm's namespaces; the deployer makes ours. All must be free: what is in them is deleted in the end.
    pub(crate) fn open(config: &Config, context: &str) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let kubeconfig = config.k3s.kubeconfig.as_ref().map(|path| workspace().join(path));
        let target = ContextRef { kubeconfig, context: Some(context.to_owned()) };
        let api = runtime.block_on(ApiServer::connect(&target))?;
        let (context, server) = (api.context(), api.server());
        eprintln!("measuring on {context} at {server}, in {}", ALL.join(", "));
        runtime.block_on(async {
            for name in ALL {
                if api.get(&namespace(name)).await?.is_some() {
                    bail!(
                        "there is a namespace {name} already; delete it, or wait until the other measurement ends"
                    );
                }
            }
            for name in [HELMS, HELMS_WHOLE] {
                let object = serde_json::json!({
                    "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name },
                });
                let manifest = Manifest { id: namespace(name), object };
                api.apply(&manifest, Apply::default()).await?;
            }
            Ok(())
        })?;
        Ok(Self { runtime, api })
    }

    /// The context's name.
    pub(crate) fn context(&self) -> &str {
        self.api.context()
    }

    /// Whether a node counts disk space, as the deployer asks before it limits it. The chart has to be told.
    pub(crate) fn counts_disk(&self) -> Result<bool> {
        let nodes = self.runtime.block_on(self.api.addresses_of_nodes())?;
        Ok(nodes.is_empty() || nodes.iter().any(|node| node.counts_disk))
    }

    /// Deletes them, and waits until they are gone.
    pub(crate) fn close(self) -> Result<()> {
        let Self { runtime, api } = self;
        let gone = async {
            for name in ALL {
                let id = namespace(name);
                while let Some(found) = api.get(&id).await? {
                    let uid = found.pointer("/metadata/uid").and_then(|uid| uid.as_str());
                    let deleting = found.pointer("/metadata/deletionTimestamp").is_some();
                    if !deleting {
                        api.delete(&id, uid.unwrap_or_default()).await?;
                    }
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
            anyhow::Ok(())
        };
        runtime
            .block_on(async { tokio::time::timeout(PATIENCE, gone).await })
            .with_context(|| format!("{} are not gone after {PATIENCE:?}", ALL.join(", ")))?
    }
}

fn namespace(name: &str) -> ObjectId {
    ObjectId { kind: Kind::Namespace, namespace: None, name: name.to_owned() }
}
