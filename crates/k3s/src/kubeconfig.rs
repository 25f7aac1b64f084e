//! The operator's kubeconfig: the cluster's context goes in under a name of its own, and out again. The merge is pure.
//!
//! An extension marks the contexts that this program made with the ID of their cluster, so that it never overwrites another one.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use skyward_config::Loaded;
use skyward_terminal::event::Finding;

use super::files::yaml;
use super::report::problem;

/// The name of the extension that marks our contexts (minikube marks its own in the same way).
const MARK: &str = "skyward";

/// A kubeconfig that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{operation} the kubeconfig {path}: {reason}")]
pub struct KubeconfigError {
    operation: &'static str,
    path: String,
    reason: String,
}

/// Returns the file to write: the named one, else the first of `KUBECONFIG`, else `~/.kube/config`.
pub fn file(given: Option<&Path>, listed: Option<&OsStr>, home: Option<PathBuf>) -> PathBuf {
    let first = || std::env::split_paths(listed?).find(|path| !path.as_os_str().is_empty());
    given
        .map(Path::to_owned)
        .or_else(first)
        .unwrap_or_else(|| home.unwrap_or_default().join(".kube/config"))
}

/// Returns the kubeconfig that `cluster up` writes: that of the flag, else that of the configuration, else the usual one.
pub fn location(flag: Option<&Path>, loaded: &Loaded) -> PathBuf {
    let configured = loaded.config.k3s.kubeconfig.as_ref().map(|path| loaded.root.join(path));
    let named = flag.or(configured.as_deref());
    file(named, std::env::var_os("KUBECONFIG").as_deref(), std::env::home_dir())
}

/// The owner of a context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// There is no context of that name.
    Nobody,
    /// We made it for the cluster with this ID.
    Cluster(String),
    /// Somebody else made it.
    Other,
}

/// A kubeconfig as a document, of which everything else is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kubeconfig {
    path: PathBuf,
    value: Value,
}

impl Kubeconfig {
    /// Reads a file; a missing one is empty.
    ///
    /// # Errors
    /// It cannot be read, or is not a kubeconfig.
    pub fn read(path: &Path) -> Result<Self, KubeconfigError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed("reading", path, error.to_string())),
        };
        Self::parse(path, &text)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// It is not a kubeconfig.
    pub fn parse(path: &Path, text: &str) -> Result<Self, KubeconfigError> {
        let value = if text.trim().is_empty() {
            json!({})
        } else {
            // The parser's message may quote the file, which holds secrets.
            serde_saphyr::from_str(text)
                .map_err(|_| failed("reading", path, "it is not YAML".to_owned()))?
        };
        let is_list = |key: &str| value[key].is_array() || value[key].is_null();
        let well = value.is_object() && ["clusters", "contexts", "users"].into_iter().all(is_list);
        if !well {
            return Err(failed("reading", path, "it is not a kubeconfig".to_owned()));
        }
        Ok(Self { path: path.to_owned(), value })
    }

    /// The owner of the context.
    pub fn owner(&self, context: &str) -> Owner {
        let Some(entry) = named(&self.value["contexts"], context) else {
            let taken =
                ["clusters", "users"].iter().any(|key| named(&self.value[key], context).is_some());
            return if taken { Owner::Other } else { Owner::Nobody };
        };
        let mark = named(&entry["context"]["extensions"], MARK);
        mark.and_then(|mark| mark["extension"]["cluster"].as_str())
            .map_or(Owner::Other, |id| Owner::Cluster(id.to_owned()))
    }

    /// Returns it with the context of the cluster `id`, made from the kubeconfig that k3s wrote, for this server.
    ///
    /// # Errors
    /// The one that k3s wrote is not a kubeconfig.
    pub fn merged(
        &self,
        context: &str,
        id: &str,
        from_k3s: &str,
        server: &str,
    ) -> Result<Self, KubeconfigError> {
        let theirs = Self::parse(Path::new("/etc/rancher/k3s/k3s.yaml"), from_k3s)?;
        let mut cluster = theirs.value["clusters"][0]["cluster"].clone();
        let user = theirs.value["users"][0]["user"].clone();
        if !cluster.is_object() || !user.is_object() {
            return Err(failed("reading", &theirs.path, "it has no cluster and user".to_owned()));
        }
        cluster["server"] = json!(server);
        let mut made = self.without(context);
        let value = &mut made.value;
        if value["apiVersion"].is_null() {
            value["apiVersion"] = json!("v1");
            value["kind"] = json!("Config");
        }
        let mark = json!([{"name": MARK, "extension": {"cluster": id}}]);
        let of = json!({"cluster": context, "user": context, "extensions": mark});
        for (key, entry) in [
            ("clusters", json!({"name": context, "cluster": cluster})),
            ("contexts", json!({"name": context, "context": of})),
            ("users", json!({"name": context, "user": user})),
        ] {
            match &mut value[key] {
                Value::Array(entries) => entries.push(entry),
                none => *none = json!([entry]),
            }
        }
        Ok(made)
    }

    /// Returns it without the context, its cluster and its user.
    #[must_use]
    pub fn without(&self, context: &str) -> Self {
        let mut made = self.clone();
        for key in ["clusters", "contexts", "users"] {
            if let Value::Array(entries) = &mut made.value[key] {
                entries.retain(|entry| entry["name"] != context);
            }
        }
        if made.value["current-context"] == context {
            made.value["current-context"] = json!("");
        }
        made
    }

    /// Returns true where nothing is left in it.
    fn is_empty(&self) -> bool {
        ["clusters", "contexts", "users"]
            .iter()
            .all(|key| self.value[key].as_array().is_none_or(Vec::is_empty))
    }

    /// The content of its file.
    pub fn yaml(&self) -> String {
        yaml(&self.value)
    }

    /// Writes it whole, readable by its owner alone, and through a link to its target.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self) -> Result<(), KubeconfigError> {
        let path = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        put(&path, self.yaml().as_bytes())
            .map_err(|error| failed("writing", &self.path, error.to_string()))
    }

    /// Writes it, or removes the file where nothing is left in it. The folder stays.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_or_remove(&self) -> Result<(), KubeconfigError> {
        if !self.is_empty() {
            return self.write();
        }
        std::fs::remove_file(&self.path)
            .map_err(|error| failed("removing", &self.path, error.to_string()))
    }
}

/// Checks before the first change that the context is ours or free.
pub fn check(document: &Kubeconfig, context: &str, id: Option<&str>) -> Option<Finding> {
    let text = match document.owner(context) {
        Owner::Nobody => return None,
        Owner::Cluster(found) if Some(found.as_str()) == id => return None,
        Owner::Cluster(_) => {
            format!("its context {context} belongs to another cluster that `cluster up` made")
        }
        Owner::Other => format!("it has a {context} that `cluster up` did not make"),
    };
    let next = "give this cluster another name in k3s.cluster (and k3s.context)";
    Some(problem(format!("kubeconfig {}", document.path.display()), text, next))
}

fn named<'a>(list: &'a Value, name: &str) -> Option<&'a Value> {
    list.as_array()?.iter().find(|entry| entry["name"] == name)
}

fn put(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    let result = options.write(true).create(true).truncate(true).mode(0o600).open(&new).and_then(
        |mut file| {
            file.write_all(content)?;
            file.sync_all()?;
            std::fs::rename(&new, path)
        },
    );
    if result.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    result
}

fn failed(operation: &'static str, path: &Path, reason: String) -> KubeconfigError {
    KubeconfigError { operation, path: path.display().to_string(), reason }
}
