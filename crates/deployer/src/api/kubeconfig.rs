//! Finds the cluster: the kubeconfig files, merged, and the context of them.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use k8s_openapi::ByteString;
use kube::client::ClientBuilder;
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use skyward_k3s::certificate;

use super::error::{CallError, Reason, Verb};
use super::plugin::{self, Tokens};
use super::{Connection, ContextRef, proxy};

/// A context that is there.
pub(super) struct Chosen {
    pub(super) context: String,
    kubeconfig: Kubeconfig,
}

fn failed(reason: Reason) -> CallError {
    CallError::before(Verb::Connect, "the cluster", reason)
}

/// Reads the files and finds the context.
pub(super) fn choose(target: &ContextRef) -> Result<Chosen, CallError> {
    let listed = env::var_os("KUBECONFIG");
    let files = files(target.kubeconfig.as_deref(), listed.as_deref(), env::home_dir());
    let kubeconfig = read(&files)?;
    let known: Vec<String> =
        kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    match &target.context {
        Some(context) if known.contains(context) => {
            Ok(Chosen { context: context.clone(), kubeconfig })
        }
        wanted => Err(failed(Reason::NoContext { wanted: wanted.clone(), known })),
    }
}

/// The files that count; what an earlier one says wins.
fn files(given: Option<&Path>, listed: Option<&OsStr>, home: Option<PathBuf>) -> Vec<PathBuf> {
    if let Some(given) = given {
        return vec![given.to_owned()];
    }
    let listed: Vec<PathBuf> = listed
        .map(|listed| {
            env::split_paths(listed).filter(|path| !path.as_os_str().is_empty()).collect()
        })
        .unwrap_or_default();
    if listed.is_empty() {
        home.map(|home| home.join(".kube/config")).into_iter().collect()
    } else {
        listed
    }
}

/// Reads and merges. As kubectl does, files that are not there are passed over where there are several.
fn read(files: &[PathBuf]) -> Result<Kubeconfig, CallError> {
    let there: Vec<&PathBuf> = files.iter().filter(|file| file.exists()).collect();
    if there.is_empty() {
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let text = format!("there is no kubeconfig at {}", names.join(" or "));
        return Err(failed(Reason::Kubeconfig(text)));
    }
    there.into_iter().try_fold(Kubeconfig::default(), |merged, file| {
        Kubeconfig::read_from(file)
            .and_then(|next| merged.merge(next))
            .map_err(|error| failed(Reason::Kubeconfig(unreadable(file, &error))))
    })
}

fn unreadable(file: &Path, error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(error, _) => {
            format!("{} cannot be read: {error}", file.display())
        }
        KubeconfigError::Parse(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            format!("{} is not a kubeconfig: {first}", file.display())
        }
        error => format!("{}: {error}", file.display()),
    }
}

/// Makes the client of the chosen context. Credentials are read and plugins run; no connection is made yet.
pub(super) async fn connection(chosen: Chosen) -> Result<Connection, CallError> {
    let options =
        KubeConfigOptions { context: Some(chosen.context.clone()), ..KubeConfigOptions::default() };
    let own_proxy = own_proxy(&chosen);
    let mut config =
        Config::from_custom_kubeconfig(chosen.kubeconfig, &options).await.map_err(|error| {
            failed(Reason::Kubeconfig(format!("context `{}`: {error}", chosen.context)))
        })?;
    // Calls are repeated by `call`, with connection errors and a bound; kube's own retries would multiply with it.
    config.default_retry = false;
    // kube holds NO_PROXY against the proxy's name instead of the server's.
    let variable = |name: &str| env::var(name).ok();
    config.proxy_url = proxy::of(&config.cluster_url, own_proxy.as_deref(), variable)
        .map_err(|text| failed(Reason::Kubeconfig(text)))?;
    trim_token(&mut config.auth_info);
    let tokens = plugin::credentials(&mut config.auth_info).await;
    let tokens = tokens.map_err(|error| failed(Reason::Credentials(error.to_string())))?;
    let proxy = config.proxy_url.as_ref().map(|proxy| proxy::shown(&proxy.to_string()));
    let server = config.cluster_url.to_string();
    let certificate_ends =
        client_certificate(&config.auth_info).as_deref().and_then(certificate::ends);
    let client = client(config, tokens).map_err(|error| {
        failed(match error {
            kube::Error::Auth(error) => Reason::Credentials(error.to_string()),
            error => Reason::Kubeconfig(error.to_string()),
        })
    })?;
    let server = server.trim_end_matches('/').to_owned();
    Ok(Connection { client, context: chosen.context, server, proxy, certificate_ends })
}

/// The `proxy-url` of the chosen context's cluster.
fn own_proxy(chosen: &Chosen) -> Option<String> {
    let Chosen { context, kubeconfig } = chosen;
    let context = kubeconfig.contexts.iter().find(|named| named.name == *context)?;
    let cluster = &context.context.as_ref()?.cluster;
    let cluster = kubeconfig.clusters.iter().find(|named| named.name == *cluster)?;
    cluster.cluster.as_ref()?.proxy_url.clone()
}

/// Takes the token out of a file that has white space around it, as `kubectl create token x > token` writes one: a header cannot hold
/// it, and client-go trims it. Of other files kube reads the token itself, again and again.
fn trim_token(user: &mut AuthInfo) {
    let Some(path) = user.token_file.as_ref().filter(|_| user.token.is_none()) else { return };
    let Ok(text) = std::fs::read_to_string(path) else { return };
    if text.trim() != text {
        user.token_file = None;
        user.token = Some(text.trim().to_owned().into());
    }
}

/// The user's certificate as PEM, from the kubeconfig or the file that it names.
fn client_certificate(user: &AuthInfo) -> Option<Vec<u8>> {
    if let Some(data) = &user.client_certificate_data {
        let text = serde_json::Value::String(data.split_whitespace().collect());
        return serde_json::from_value::<ByteString>(text).ok().map(|bytes| bytes.0);
    }
    std::fs::read(user.client_certificate.as_ref()?).ok()
}

/// Makes the client, whose requests have the token of a credentials plugin where there is one.
fn client(config: Config, tokens: Option<Tokens>) -> Result<Client, kube::Error> {
    let builder = ClientBuilder::try_from(config)?;
    Ok(match tokens {
        Some(tokens) => builder.with_layer(&tokens).build(),
        None => builder.build(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, contexts: &[(&str, &str)]) -> PathBuf {
        let path = folder.join(name);
        let all = |part: &dyn Fn(&str, &str) -> String| -> String {
            contexts.iter().map(|(context, server)| part(context, server)).collect()
        };
        let clusters =
            all(&|name, server| format!("{{name: {name}, cluster: {{server: '{server}'}}}},"));
        let named = all(&|name, _| format!("{{name: {name}, context: {{cluster: {name}}}}},"));
        let first = contexts[0].0;
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters: [{clusters}]\ncontexts: [{named}]\ncurrent-context: {first}\n"
        );
        std::fs::write(&path, text).expect("a file");
        path
    }

    fn contexts(kubeconfig: &Kubeconfig) -> Vec<&str> {
        kubeconfig.contexts.iter().map(|context| context.name.as_str()).collect()
    }

    #[test]
    fn the_flag_goes_before_the_variable_before_the_home() {
        let home = || Some(PathBuf::from("/home/a"));
        let listed = Some(OsStr::new("/x::/y"));
        assert_eq!(files(Some(Path::new("k")), listed, home()), [Path::new("k")]);
        assert_eq!(files(None, listed, home()), [Path::new("/x"), Path::new("/y")]);
        assert_eq!(files(None, Some(OsStr::new("")), home()), [Path::new("/home/a/.kube/config")]);
        assert_eq!(files(None, None, home()), [Path::new("/home/a/.kube/config")]);
        assert_eq!(files(None, None, None), Vec::<PathBuf>::new());
    }

    /// kubectl's rules: the first to say something wins, files that are not there are passed over.
    #[test]
    fn several_files_are_merged() {
        let folder = tempfile::tempdir().expect("a folder");
        let one = write(folder.path(), "one", &[("a", "https://one")]);
        let two = write(folder.path(), "two", &[("a", "https://two"), ("b", "https://two")]);
        let merged = read(&[one, folder.path().join("none"), two]).expect("a kubeconfig");
        assert_eq!(contexts(&merged), ["a", "b"]);
        let server = |index: usize| {
            let cluster: &kube::config::NamedCluster = &merged.clusters[index];
            cluster.cluster.as_ref().and_then(|cluster| cluster.server.as_deref())
        };
        assert_eq!((server(0), server(1)), (Some("https://one"), Some("https://two")));
    }

    #[test]
    fn no_context_is_taken_unasked() {
        let folder = tempfile::tempdir().expect("a folder");
        let kubeconfig = Some(write(folder.path(), "k", &[("a", "https://a"), ("b", "https://b")]));
        let choose = |context: Option<&str>| {
            let context = context.map(str::to_owned);
            choose(&ContextRef { kubeconfig: kubeconfig.clone(), context })
        };
        assert_eq!(choose(Some("b")).map(|chosen| chosen.context).as_deref(), Ok("b"));
        let text =
            |context| choose(context).err().map(|error| error.to_string()).unwrap_or_default();
        insta::assert_snapshot!(text(None), @"cannot connect to the cluster: no context is named, and the current one is never taken unasked; there are: a, b. Next step: name one: `context` under [k3s] or --context");
        insta::assert_snapshot!(text(Some("c")), @"cannot connect to the cluster: the kubeconfig has no context `c`; there are: a, b. Next step: name another (`context` under [k3s] or --context), or another kubeconfig");
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let said = |name: &str, text: &str| {
            let path = folder.path().join(name);
            if !text.is_empty() {
                std::fs::write(&path, text).expect("a file");
            }
            let error = read(&[path]).map(|_| ()).expect_err("no kubeconfig").to_string();
            error.replace(&folder.path().display().to_string(), "FOLDER")
        };
        insta::assert_snapshot!(said("none", ""), @"cannot connect to the cluster: there is no kubeconfig at FOLDER/none. Next step: name a readable kubeconfig (`kubeconfig` under [k3s], or KUBECONFIG)");
        insta::assert_snapshot!(said("text", "contexts: 7"), @"cannot connect to the cluster: FOLDER/text is not a kubeconfig: line 1 column 11: expected sequence start. Next step: name a readable kubeconfig (`kubeconfig` under [k3s], or KUBECONFIG)");
        assert_eq!(said("broken", "a: [").lines().count(), 1);
    }

    #[test]
    fn a_token_file_may_end_with_a_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        let taken = |text: &str| {
            std::fs::write(&path, text).expect("a file");
            let token_file = Some(path.display().to_string());
            let mut user = AuthInfo { token_file, ..AuthInfo::default() };
            trim_token(&mut user);
            serde_json::to_value(&user).expect("JSON")["token"].as_str().map(str::to_owned)
        };
        assert_eq!(taken("abc\r\n").as_deref(), Some("abc"));
        assert_eq!(taken("abc"), None);
    }
}
