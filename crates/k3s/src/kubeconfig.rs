//! The operator's kubeconfig: the cluster's context goes in under a name of its own, and out again. The merge is pure.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::event::Finding;
use super::files::yaml;

/// The name of the extension by which we know our own context (as minikube marks its own).
const MARK: &str = "skyward";

/// Why the kubeconfig is not as it was to be.
#[derive(Debug, thiserror::Error)]
#[error("{doing} the kubeconfig {path}: {reason}")]
pub struct KubeconfigError {
    doing: &'static str,
    path: String,
    reason: String,
}

/// The file that is written: the one that is named, else the first of `KUBECONFIG`, else `~/.kube/config`.
pub fn file(given: Option<&Path>, listed: Option<&OsStr>, home: Option<PathBuf>) -> PathBuf {
    let first = || std::env::split_paths(listed?).find(|path| !path.as_os_str().is_empty());
    given
        .map(Path::to_owned)
        .or_else(first)
        .unwrap_or_else(|| home.unwrap_or_default().join(".kube/config"))
}

/// Whose a context is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// There is none of that name.
    Nobody,
    /// It was made for the cluster with this id.
    Cluster(String),
    /// Somebody else's.
    Other,
}

/// A kubeconfig as a document; what is not understood in it stays.
#[derive(Debug, Clone, PartialEq)]
pub struct Kubeconfig {
    path: PathBuf,
    value: Value,
}

impl Kubeconfig {
    /// Reads a file; one that is not there is empty.
    ///
    /// # Errors
    /// It cannot be read, or is no kubeconfig.
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
    /// It is no kubeconfig.
    pub fn parse(path: &Path, text: &str) -> Result<Self, KubeconfigError> {
        let value = if text.trim().is_empty() {
            json!({})
        } else {
            // The parser's message may quote the file, which holds secrets.
            serde_saphyr::from_str(text)
                .map_err(|_| failed("reading", path, "it is no YAML".to_owned()))?
        };
        let is_list = |key: &str| value[key].is_array() || value[key].is_null();
        let well = value.is_object() && ["clusters", "contexts", "users"].into_iter().all(is_list);
        if !well {
            return Err(failed("reading", path, "it is no kubeconfig".to_owned()));
        }
        Ok(Self { path: path.to_owned(), value })
    }

    /// Whose the context is.
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

    /// With the context of the cluster `id`, from the kubeconfig that k3s wrote, at this server.
    ///
    /// # Errors
    /// k3s's is none.
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

    /// Without the context, its cluster and its user.
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

    /// Whether nothing is left in it.
    fn is_empty(&self) -> bool {
        ["clusters", "contexts", "users"]
            .iter()
            .all(|key| self.value[key].as_array().is_none_or(Vec::is_empty))
    }

    /// Writes it at once, for its owner alone; through a link, to where it leads.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self) -> Result<(), KubeconfigError> {
        let path = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        put(&path, yaml(&self.value).as_bytes())
            .map_err(|error| failed("writing", &self.path, error.to_string()))
    }

    /// Writes it, or removes the file where nothing is left in it; the folder stays.
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

/// What is wrong with it before anything is changed.
pub fn check(document: &Kubeconfig, context: &str, id: Option<&str>) -> Option<Finding> {
    let text = match document.owner(context) {
        Owner::Nobody => return None,
        Owner::Cluster(found) if Some(found.as_str()) == id => return None,
        Owner::Cluster(_) => format!(
            "its context {context} is that of another cluster which `cluster up` made; take that one down, or name this one otherwise in \
             k3s.cluster (and k3s.context)"
        ),
        Owner::Other => format!(
            "it has a {context} that `cluster up` did not make; name this cluster otherwise in k3s.cluster (and k3s.context)"
        ),
    };
    Some(Finding::new(format!("kubeconfig {}", document.path.display()), text))
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

fn failed(doing: &'static str, path: &Path, reason: String) -> KubeconfigError {
    KubeconfigError { doing, path: path.display().to_string(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    const K3S: &str = "apiVersion: v1\nkind: Config\nclusters:\n- name: default\n  cluster:\n    server: https://127.0.0.1:6443\n    \
        certificate-authority-data: Q0E=\ncontexts:\n- name: default\n  context:\n    cluster: default\n    user: default\n\
        current-context: default\nusers:\n- name: default\n  user:\n    client-key-data: S0VZ\n";
    const OWN: &str = "apiVersion: v1\nkind: Config\ncurrent-context: work\npreferences: {colors: true}\nclusters:\n- name: work\n  cluster: \
        {server: 'https://work'}\ncontexts:\n- name: work\n  context: {cluster: work, user: me}\nusers:\n- name: me\n  user: {}\n";

    fn parse(text: &str) -> Kubeconfig {
        Kubeconfig::parse(Path::new("config"), text).expect("a kubeconfig")
    }

    #[test]
    fn the_context_goes_in_under_a_name_of_its_own() {
        let merged =
            parse("").merged("skyward", "id1", K3S, "https://10.0.0.11:6443").expect("one");
        insta::assert_snapshot!(yaml(&merged.value), @r"
        apiVersion: v1
        clusters:
        - cluster:
            certificate-authority-data: Q0E=
            server: https://10.0.0.11:6443
          name: skyward
        contexts:
        - context:
            cluster: skyward
            extensions:
            - extension:
                cluster: id1
              name: skyward
            user: skyward
          name: skyward
        kind: Config
        users:
        - name: skyward
          user:
            client-key-data: S0VZ
        ");
        assert_eq!(merged.owner("skyward"), Owner::Cluster("id1".to_owned()));
        assert_eq!(merged.owner("default"), Owner::Nobody);
    }

    #[test]
    fn what_others_wrote_stays_as_it_is() {
        let own = parse(OWN);
        let merged = own.merged("skyward", "id1", K3S, "https://x:6443").expect("one");
        assert_eq!(merged.value["current-context"], "work");
        assert_eq!(merged.merged("skyward", "id1", K3S, "https://x:6443").expect("one"), merged);
        assert_eq!(merged.without("skyward"), own);
        assert!(!merged.without("skyward").is_empty());
    }

    #[test]
    fn a_context_of_others_is_left_alone() {
        let own = parse(OWN);
        assert_eq!(check(&own, "skyward", None), None);
        let text = |document: &Kubeconfig, context, id| {
            check(document, context, id).map(|finding| finding.text).unwrap_or_default()
        };
        assert!(text(&own, "work", None).contains("did not make"));
        assert!(text(&own, "me", None).contains("did not make"));
        let merged = own.merged("skyward", "id1", K3S, "https://x:6443").expect("one");
        assert_eq!(text(&merged, "skyward", Some("id1")), "");
        assert!(text(&merged, "skyward", Some("id2")).contains("another cluster"));
        assert!(text(&merged, "skyward", None).contains("another cluster"));
    }

    #[test]
    fn it_is_written_for_its_owner_alone_and_removed_when_empty() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kube/config");
        let none = Kubeconfig::read(&path).expect("an empty one");
        let merged = none.merged("skyward", "id1", K3S, "https://x:6443").expect("one");
        merged.write().expect("written");
        assert_eq!(path.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
        let read = Kubeconfig::read(&path).expect("a kubeconfig");
        assert_eq!(read, merged);
        read.without("skyward").write_or_remove().expect("removed");
        assert!(!path.exists());
    }

    #[test]
    fn no_secret_is_in_an_error() {
        let error = Kubeconfig::parse(Path::new("config"), "token: [secret").expect_err("no YAML");
        assert_eq!(error.to_string(), "reading the kubeconfig config: it is no YAML");
        assert!(Kubeconfig::parse(Path::new("config"), "clusters: 7").is_err());
    }
}
