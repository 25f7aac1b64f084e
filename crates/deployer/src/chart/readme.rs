//! The chart's `README.md`.

use super::Key;
use crate::release::Release;

/// How to use the chart, and the table of its values.
pub(super) fn readme(release: &Release, keys: &[Key]) -> String {
    let (name, namespace) = (release.name(), release.namespace());
    let rows: String = keys.iter().map(row).collect();
    format!(
        "# {name}

The web service {name} on Kubernetes 1.33 or newer. This chart was generated from its configuration by
`cargo xtask deploy-k3s render --chart`; change the configuration rather than the chart.

```sh
helm upgrade --install {name} . --namespace {namespace} --create-namespace --wait --timeout 5m --rollback-on-failure   # Helm 3: --atomic
helm uninstall {name}
```

- With `--namespace {namespace} --create-namespace` Helm makes the namespace, and everything is in it. With another
  `--namespace`, Helm's own record of the release is there, and the chart makes `{namespace}` for the objects, with labels
  that admit no pod that is not restricted. With `--set k3s.namespace=` the objects are in Helm's namespace, whichever it is.
- The Secrets that `k3s.secrets`, `k3s.tls_secret` and `k3s.pull_secret` name are made by others.
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
