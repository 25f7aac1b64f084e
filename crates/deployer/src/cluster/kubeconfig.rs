//! Which cluster: the kubeconfig files, merged, and the context of them.

use std::env;
use std::path::PathBuf;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::error::{CallError, Reason, Verb};
use super::{Target, certificate};

/// A context that is there.
pub(super) struct Chosen {
    pub(super) context: String,
    kubeconfig: Kubeconfig,
}

/// The way to its server.
pub(super) struct Access {
    pub(super) client: Client,
    pub(super) server: String,
    pub(super) certificate_ends: Option<jiff::Timestamp>,
}

fn error(object: &str, reason: Reason) -> CallError {
    CallError { verb: Verb::Connect, object: object.to_owned(), reason, maybe_done: false }
}

/// Reads the files and finds the context.
pub(super) fn choose(target: &Target) -> Result<Chosen, CallError> {
    let kubeconfig = read(&files(target))?;
    let known: Vec<String> =
        kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    match &target.context {
        Some(context) if known.contains(context) => {
            Ok(Chosen { context: context.clone(), kubeconfig })
        }
        wanted => Err(error("the cluster", Reason::NoContext { wanted: wanted.clone(), known })),
    }
}

/// The files that count, first wins.
fn files(target: &Target) -> Vec<PathBuf> {
    if let Some(path) = &target.kubeconfig {
        return vec![path.clone()];
    }
    let listed: Vec<PathBuf> = env::var_os("KUBECONFIG")
        .map(|value| env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect())
        .unwrap_or_default();
    if listed.is_empty() {
        env::home_dir().map(|home| home.join(".kube/config")).into_iter().collect()
    } else {
        listed
    }
}

/// Reads and merges; as kubectl does, a file of several may be missing.
fn read(files: &[PathBuf]) -> Result<Kubeconfig, CallError> {
    let mut merged = Kubeconfig::default();
    let mut read = 0;
    for file in files {
        if files.len() > 1 && !file.exists() {
            continue;
        }
        let next = Kubeconfig::read_from(file)
            .and_then(|next| merged.clone().merge(next))
            .map_err(|reason| error("the cluster", Reason::Kubeconfig(reason.to_string())))?;
        merged = next;
        read += 1;
    }
    if read == 0 {
        return Err(error("the cluster", Reason::Kubeconfig("there is no kubeconfig".to_owned())));
    }
    Ok(merged)
}

/// Makes the client of the chosen context. Credentials are read, plugins are run; no connection is made yet.
pub(super) async fn access(chosen: &Chosen) -> Result<Access, CallError> {
    let object = format!("context `{}`", chosen.context);
    let failed = |text: String| error(&object, Reason::Kubeconfig(text));
    let options =
        KubeConfigOptions { context: Some(chosen.context.clone()), ..KubeConfigOptions::default() };
    let mut config = Config::from_custom_kubeconfig(chosen.kubeconfig.clone(), &options)
        .await
        .map_err(|reason| failed(reason.to_string()))?;
    // Calls are repeated here, with connection errors and a bound; kube's own retries would multiply with ours.
    config.default_retry = false;
    let server = config.cluster_url.to_string();
    let certificate_ends = config
        .auth_info
        .client_certificate_data
        .as_ref()
        .and_then(|data| certificate::ends(data.as_bytes()));
    let client = Client::try_from(config).map_err(|reason| failed(reason.to_string()))?;
    Ok(Access { client, server, certificate_ends })
}
