//! The chart's files beside its templates: `values.yaml`, `values.schema.json` and `README.md`, all from the same keys.

use std::fmt::Write;

use serde_json::{Map, Value, json};
use skyward_terminal::program;

use super::Key;
use crate::release::Release;
use crate::render;

/// Columns of a line.
const WIDTH: usize = 110;

/// `values.yaml`. Values that are left out are comments.
pub(super) fn values(keys: &[Key]) -> String {
    let mut text = String::from(
        "# The values are the keys of skyward.toml, under the same names.\n\
         # values.schema.json says which forms they have.\n",
    );
    let mut section = None;
    for key in keys {
        if key.section != section {
            section = key.section;
            let _ = write!(text, "\n{}:", section.unwrap_or_default());
        }
        text.push('\n');
        let indent = if section.is_some() { "  " } else { "" };
        for line in wrapped(key.meaning(), WIDTH - indent.len() - 2) {
            let _ = writeln!(text, "{indent}# {line}");
        }
        match &key.value {
            Some(value) => {
                for line in entry(key.name, value).lines() {
                    let _ = writeln!(text, "{indent}{line}");
                }
            }
            None => {
                let _ = writeln!(text, "{indent}# {}:", key.name);
            }
        }
    }
    text
}

fn entry(name: &str, value: &Value) -> String {
    render::document_of(&json!({ name: value }))
}

/// Text in lines of at most so many characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `values.schema.json`. It is strict: a value that the chart does not have is refused, as in the configuration. In draft 7, which every Helm 3
/// reads.
pub(super) fn schema(keys: &[Key]) -> String {
    let mut document = table(keys.iter().filter(|key| key.section.is_none()));
    for section in ["service", "k3s"] {
        document["properties"][section] =
            table(keys.iter().filter(|key| key.section == Some(section)));
        if let Some(required) = document["required"].as_array_mut() {
            required.push(json!(section));
        }
    }
    // Helm hands this to a chart that is a part of another.
    document["properties"]["global"] = json!({"type": "object"});
    document["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    format!("{document:#}\n")
}

fn table<'a>(keys: impl Iterator<Item = &'a Key> + Clone) -> Value {
    let properties: Map<_, _> =
        keys.clone().map(|key| (key.name.to_owned(), key.schema.clone())).collect();
    let required: Vec<_> = keys.filter(|key| key.is_required).map(|key| key.name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// The use of the chart, and the table of its values.
pub(super) fn readme(release: &Release, keys: &[Key]) -> String {
    let (name, namespace) = (release.name(), release.namespace());
    let rows: String = keys.iter().map(row).collect();
    let render = program::command("deploy-k3s render --chart");
    format!(
        "# {name}

The web service {name} on Kubernetes 1.33 or newer. This chart was generated from its configuration by
`{render}`; change the configuration rather than the chart.

```sh
helm upgrade --install {name} . --namespace {namespace} --create-namespace --wait --timeout 5m --rollback-on-failure   # Helm 3: --atomic
helm uninstall {name}
```

- With `--namespace {namespace} --create-namespace` Helm makes the namespace, and everything is in it. With another
  `--namespace`, Helm's own record of the release is there, and the chart makes `{namespace}` for the objects, with labels
  that admit no pod that is not restricted. With `--set k3s.namespace=` the objects are in Helm's namespace, whichever it is.
- The Secrets that `k3s.secrets`, `k3s.tls_secret` and `k3s.pull_secret` name are made by others.
- Keys that are no values below (jobs, workers, files, volumes, your own manifests, scheduling and further routes) are written into
  the templates as they were configured. Jobs are hooks of Helm's: after an install, and before or after an upgrade.
- The objects are those of `deploy-k3s render`, but for one label: `app.kubernetes.io/managed-by` says Helm, because
  Helm takes over only what bears it. So the two do not deploy over each other.
- The exceptions that checkov, kube-score and kube-linter are told of are annotations of the objects.

## Values

`values.schema.json` refuses what has not the right form.

| Value | Default | Meaning |
|---|---|---|
{rows}"
    )
}

fn row(key: &Key) -> String {
    let name = key
        .section
        .map_or_else(|| key.name.to_owned(), |section| format!("{section}.{}", key.name));
    let value = key.value.as_ref().map_or_else(String::new, |value| format!("`{value}`"));
    let right =
        key.schema["errorMessage"].as_str().map_or_else(String::new, |right| format!(" ({right})"));
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    format!("| `{name}` | {} | {}{} |\n", cell(&value), cell(key.meaning()), cell(&right))
}
