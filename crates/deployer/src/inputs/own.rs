//! The user's own manifests: read, made the release's, and looked up in the cluster.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use skyward_config::Loaded;

use super::InputError;
use super::files::content;
use crate::api::{ApiServer, CallError};
use crate::manifest::{Kind, Manifest, ObjectId, OwnKind};
use crate::release::{INSTANCE, MANAGED_BY, MANAGER};

/// The bytes that a file with manifests may have: there are few objects in a release, and etcd takes none of more than 1.5 MiB.
const MOST: usize = 8 * 1024 * 1024;

/// The objects of all files, in the order of the files' names.
pub(super) fn read(loaded: &Loaded) -> Result<Vec<Manifest>, InputError> {
    let mut manifests = Vec::new();
    for pattern in &loaded.config.k3s.manifests {
        for path in matching(&loaded.root, pattern)? {
            // One byte more tells that there is more: what is left out would be missed by nobody.
            let bytes = content("k3s.manifests", &path, MOST as u64 + 1)?;
            if bytes.len() > MOST {
                let why = "it has more than 8 MiB".to_owned();
                return Err(wrong(&path, why, "write the objects into several files"));
            }
            let text = std::str::from_utf8(&bytes).map_err(|error| {
                wrong(&path, format!("it is not UTF-8: {error}"), "save it as UTF-8")
            })?;
            for document in documents(&path, text)? {
                manifests.push(adopted(&path, document, loaded)?);
            }
        }
    }
    Ok(manifests)
}

fn wrong(path: &Path, reason: String, next: &str) -> InputError {
    InputError::Manifest { path: path.to_owned(), reason, next: next.to_owned() }
}

/// The files that a pattern means, by name. One that means none is a mistake.
fn matching(root: &Path, pattern: &str) -> Result<Vec<PathBuf>, InputError> {
    let path = root.join(pattern);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    if !name.contains('*') {
        return Ok(vec![path]);
    }
    let folder = path.parent().unwrap_or(root);
    let next = "correct the pattern, which is relative to the folder of the configuration file";
    let entries = folder
        .read_dir()
        .map_err(|error| wrong(folder, format!("reading the folder: {error}"), next))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            let file = path.file_name().and_then(|name| name.to_str());
            path.is_file() && file.is_some_and(|file| fits(&name, file))
        })
        .collect();
    found.sort();
    if found.is_empty() {
        return Err(wrong(&path, "no file has such a name".to_owned(), next));
    }
    Ok(found)
}

/// Returns true where the name is the pattern's, in which `*` stands for any text.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The documents of a YAML stream, without empty ones.
fn documents(path: &Path, text: &str) -> Result<Vec<Value>, InputError> {
    // Of the many spellings of YAML 1.1, only true and false are no text.
    let options = serde_saphyr::options! { strict_booleans: true };
    let read: Result<Vec<Value>, _> = serde_saphyr::from_multiple_with_options(text, options);
    let documents = read.map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        wrong(path, format!("it is not YAML: {first}"), "correct it there")
    })?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// A document as an object of the release: in its namespace, and with the labels by which it is found again.
fn adopted(path: &Path, mut object: Value, loaded: &Loaded) -> Result<Manifest, InputError> {
    let (k3s, release) = (&loaded.config.k3s, &loaded.config.service.name);
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
    };
    let lacks = |what: &str| {
        wrong(
            path,
            format!("a document has no {what}"),
            "give each object apiVersion, kind and metadata.name",
        )
    };
    let api_version = text("/apiVersion").ok_or_else(|| lacks("apiVersion"))?;
    let kind = text("/kind").ok_or_else(|| lacks("kind"))?;
    if kind == "List" {
        return Err(wrong(
            path,
            "it holds a List".to_owned(),
            "write its items as documents, with --- between them",
        ));
    }
    let name = text("/metadata/name").ok_or_else(|| lacks("metadata.name"))?;
    if kind == "Namespace" {
        return Err(wrong(
            path,
            format!("Namespace {name} is no part of a release"),
            "make it yourself, or name it in k3s.namespace",
        ));
    }
    if let Some(namespace) = text("/metadata/namespace").filter(|it| *it != k3s.namespace) {
        return Err(wrong(
            path,
            format!(
                "{kind} {name} is in namespace {namespace}, and the release in {}",
                k3s.namespace
            ),
            "leave metadata.namespace out",
        ));
    }
    let metadata = &mut object["metadata"];
    metadata["namespace"] = json!(k3s.namespace);
    if !metadata["labels"].is_object() {
        metadata["labels"] = json!({});
    }
    for (label, value) in &k3s.labels {
        if metadata["labels"][label].is_null() {
            metadata["labels"][label] = json!(value);
        }
    }
    metadata["labels"][MANAGED_BY] = json!(MANAGER);
    metadata["labels"][INSTANCE] = json!(release);
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    let plural = guessed_plural(&kind);
    let kind = OwnKind::of(OwnKind { kind, plural, api_version });
    let id = ObjectId { kind, namespace: Some(k3s.namespace.clone()), name };
    Ok(Manifest { id, object })
}

/// The name of a kind in paths, as most have it; the cluster tells the true one.
fn guessed_plural(kind: &str) -> String {
    let lower = kind.to_lowercase();
    if lower.ends_with('s') || lower.ends_with('x') || lower.ends_with("ch") {
        return format!("{lower}es");
    }
    match lower.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{lower}s"),
    }
}

/// Looks the objects' kinds up in the cluster.
///
/// # Errors
/// The API server does not tell, does not have a kind, or has it for the whole cluster.
pub async fn looked_up(
    api: &ApiServer,
    manifests: &mut [Manifest],
) -> Result<Result<(), String>, CallError> {
    for manifest in manifests {
        let Kind::Own(own) = manifest.id.kind else { continue };
        let OwnKind { kind, api_version, .. } = own;
        let known = api.kinds_of(api_version).await?;
        let Some(found) = known.iter().find(|it| it.kind == *kind && !it.name.contains('/')) else {
            return Ok(Err(format!(
                "{}: the cluster has no kind {kind} of {api_version}. Next step: install what defines it, or correct apiVersion and kind",
                manifest.id
            )));
        };
        if !found.namespaced {
            return Ok(Err(format!(
                "{}: it is of the whole cluster, and a release is within its namespace. Next step: apply it yourself",
                manifest.id
            )));
        }
        manifest.id.kind = OwnKind::of(OwnKind {
            kind: kind.clone(),
            plural: found.name.clone(),
            api_version: api_version.clone(),
        });
    }
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use skyward_config::ConfigArgs;

    use super::*;

    fn read_all(text: &str) -> Result<Vec<Manifest>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("a file");
        };
        write(
            "skyward.toml",
            "[service]\nname = \"web\"\n[k3s]\nnamespace = \"ns\"\nmanifests = [\"e*.yaml\"]\n",
        );
        write("extra.yaml", text);
        let loaded = ConfigArgs::default().load_from(folder.path(), []).expect("a configuration");
        read(&loaded).map_err(|error| {
            error.to_string().replace(&folder.path().display().to_string(), "FOLDER")
        })
    }

    #[test]
    fn an_object_becomes_the_releases() {
        let text = "---\n# nothing\n---\napiVersion: example.com/v1\nkind: Policy\nmetadata: {name: a, labels: {x: y}}\nstatus: {}\n---\n\
            apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: ns}\n";
        let manifests = read_all(text).expect("two objects");
        let [one, two] = manifests.as_slice() else { panic!("{manifests:?}") };
        assert_eq!((one.id.kind.plural(), two.id.kind.plural()), ("policies", "configmaps"));
        assert_eq!(one.object["metadata"]["labels"]["x"], "y");
        assert_eq!(one.object["metadata"]["labels"][INSTANCE], "web");
        assert!(one.object.get("status").is_none());
        assert!(two.id.kind < Kind::Service && two.id.kind != Kind::ConfigMap);
    }

    #[test]
    fn what_a_release_cannot_have_is_refused_with_the_file() {
        let head = "apiVersion: v1\nkind: ConfigMap\n";
        for (text, reason) in [
            ("a: [".to_owned(), "it is not YAML"),
            ("kind: X".to_owned(), "has no apiVersion"),
            ("apiVersion: v1".to_owned(), "has no kind"),
            (head.to_owned(), "has no metadata.name"),
            ("- a".to_owned(), "has no apiVersion"),
            ("#".repeat(MOST + 1), "it has more than 8 MiB"),
            (
                format!("{head}metadata: {{name: a, namespace: other}}"),
                "in namespace other, and the release in ns",
            ),
            ("apiVersion: v1\nkind: List\nitems: []".to_owned(), "a List"),
            (
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}".to_owned(),
                "no part of a release",
            ),
        ] {
            let error = read_all(&text).expect_err(&text);
            assert!(
                error.starts_with("k3s.manifests: FOLDER/extra.yaml: ") && error.contains(reason),
                "{error}"
            );
        }
    }

    #[test]
    fn a_star_stands_for_any_part_of_a_name() {
        for (pattern, name, expected) in [
            ("*.yaml", "a.yaml", true),
            ("*.yaml", "a.yml", false),
            ("a*b*.yaml", "a1b2.yaml", true),
            ("a*b*.yaml", "ab.yaml", true),
            ("a*b*.yaml", "a.yaml", false),
            ("*", "x", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
