//! The templates of the objects, derived from the renderer.
//!
//! A release whose values are marks is rendered, and each mark in the outcome becomes an expression of Helm's. What depends
//! on a value being there is found by rendering the release again without it: the lines that are then missing go under a
//! condition. So each object is written once, in `render`, and a template cannot say anything else.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::marks::{
    EXCEPTIONS_MARK, INGRESS_MARK, LISTS, LITERALS, MAPS, NUMBERS, SWITCHES, Switch, TEXTS,
    constants, marked,
};
use crate::manifest::{Kind, Manifest};
use crate::release::{INSTANCE, MANAGED_BY, NAME, Release};
use crate::render::{self, EXCEPTIONS};

/// The templates: one file for each kind, with its name.
pub(super) fn templates(of: &Release) -> Vec<(String, String)> {
    let mut manifests = rendered(&marked(of));
    for kind in [Kind::ServiceAccount, Kind::HorizontalPodAutoscaler] {
        let others = rendered(&base(of, kind));
        manifests.extend(others.into_iter().filter(|it| it.id.kind == kind));
    }
    manifests.sort_by_key(|manifest| manifest.id.kind);
    let mut files: Vec<(String, String)> = Vec::new();
    for manifest in manifests {
        let name = format!("{}.yaml", manifest.id.kind.as_str().to_lowercase());
        let mut text = template(of, &manifest);
        if manifest.id.kind == Kind::Deployment {
            text.insert_str(0, "{{- include \"skyward.check\" . }}\n");
        }
        match files.last_mut() {
            Some((last, file)) if *last == name => *file = format!("{file}---\n{text}"),
            _ => files.push((name, text)),
        }
    }
    files
}

/// The marked release that has an object of this kind.
fn base(of: &Release, kind: Kind) -> Release {
    let mut release = marked(of);
    match kind {
        // It is there only where the Deployment's own number is not.
        Kind::HorizontalPodAutoscaler => (SWITCHES[0].off)(&mut release),
        Kind::ServiceAccount => release.k3s.service_account = None,
        _ => {}
    }
    release
}

fn rendered(release: &Release) -> Vec<Manifest> {
    render::manifests(release).expect("the marks are a release that can be rendered")
}

/// The template of one object.
fn template(of: &Release, manifest: &Manifest) -> String {
    let kind = manifest.id.kind;
    let is_scaler = kind == Kind::HorizontalPodAutoscaler;
    let base = lines(manifest);
    let mut conditions: Vec<Vec<&str>> = vec![Vec::new(); base.len()];
    for Switch { condition, off } in &SWITCHES[usize::from(is_scaler)..] {
        let mut release = self::base(of, kind);
        off(&mut release);
        let others = rendered(&release);
        let Some(other) = others.iter().find(|other| other.id == manifest.id) else { continue };
        for index in missing(&base, &lines(other)) {
            conditions[index].push(condition);
        }
    }
    let mut text = String::new();
    let whole = condition_of(of, manifest);
    let mut open: Vec<&str> = Vec::new();
    let names = own_names(of, manifest);
    let own = |pad: &str| own_variables(manifest, &names, pad);
    for (line, conditions) in
        looped(&base, &names, &own).into_iter().zip(conditions).chain([Default::default()])
    {
        let wanted: Vec<&str> = if line.is_empty() {
            Vec::new()
        } else {
            whole.into_iter().chain(conditions).collect()
        };
        let kept = open.iter().zip(&wanted).take_while(|(open, wanted)| open == wanted).count();
        text += &"{{- end }}\n".repeat(open.len() - kept);
        for condition in &wanted[kept..] {
            let _ = writeln!(text, "{{{{- if {condition} }}}}");
        }
        open = wanted;
        text += &line;
    }
    constants(&of.service).into_iter().fold(text, |text, (mark, number)| {
        text.replace(&format!(": {mark}\n"), &format!(": {number}\n"))
    })
}

/// `helm --namespace X --create-namespace` makes its own, and those of Kubernetes are not ours.
const OWN_NAMESPACE: &str = "and .Values.k3s.namespace (ne .Values.k3s.namespace .Release.Namespace) \
    (ne .Values.k3s.namespace \"default\") (not (hasPrefix \"kube-\" .Values.k3s.namespace))";

/// The condition under which the object as a whole is there.
fn condition_of(of: &Release, manifest: &Manifest) -> Option<&'static str> {
    match manifest.id.kind {
        Kind::Namespace => Some(OWN_NAMESPACE),
        Kind::HorizontalPodAutoscaler => Some(".Values.k3s.max_replicas"),
        Kind::Ingress => Some("or .Values.k3s.host (ne .Values.k3s.ingress \"none\")"),
        Kind::Own(kind) if kind.api_version == render::MIDDLEWARE_API => {
            (manifest.id.name == "mark-name-https").then_some("include \"skyward.middleware\" .")
        }
        // A rule without peers would let everybody in: with no clients there is no policy.
        Kind::NetworkPolicy
            if manifest.id.name.ends_with("-ingress") && of.k3s.allow_from.is_empty() =>
        {
            Some("and .Values.k3s.network_policies .Values.k3s.clients")
        }
        Kind::NetworkPolicy => Some(".Values.k3s.network_policies"),
        Kind::ServiceAccount => Some("not .Values.k3s.service_account"),
        _ => None,
    }
}

/// The lines of `base` that `other` lacks.
fn missing(base: &[String], other: &[String]) -> Vec<usize> {
    let mut rest = other.iter().peekable();
    let missing: Vec<_> = (0..base.len())
        .filter(|index| rest.next_if(|line| **line == base[*index]).is_none())
        .collect();
    assert_eq!(rest.next(), None, "a value that is left out only takes lines away");
    missing
}

/// The object's lines, the marks in them replaced.
fn lines(manifest: &Manifest) -> Vec<String> {
    let mut object = manifest.object.clone();
    object["metadata"]["labels"][MANAGED_BY] = json!("mark-helm");
    // The auditors' exceptions are written for the service's own objects, as they are rendered: a worker has none.
    let labels = &object["metadata"]["labels"];
    let is_own = manifest.id.kind != Kind::Deployment || labels[NAME] == labels[INSTANCE];
    if is_own && EXCEPTIONS.iter().any(|exception| exception.on == manifest.id.kind) {
        object["metadata"]["annotations"] = json!({ EXCEPTIONS_MARK: manifest.id.kind.as_str() });
    }
    if manifest.id.kind == Kind::Job {
        object["metadata"]["annotations"] = hooks(manifest);
    }
    if manifest.id.kind == Kind::Service {
        object["spec"]["type"] = json!("mark-service-type");
    }
    for place in [""].into_iter().chain(PODS) {
        if let Some(token) = object.pointer_mut(&format!("{place}/automountServiceAccountToken")) {
            *token = json!("mark-token");
        }
    }
    if manifest.id.kind == Kind::Ingress {
        object["metadata"]["annotations"] = json!({ INGRESS_MARK: true });
    }
    // A loop over all variables is made of the two that are marked.
    for pod in PODS {
        if let Some(Value::Array(variables)) =
            object.pointer_mut(&format!("{pod}/containers/0/env"))
        {
            variables
                .retain(|it| it["name"].as_str().is_some_and(|name| name.starts_with("mark-")));
        }
    }
    let mut lines = Vec::new();
    write(&object, 0, &mut lines);
    lines.iter().map(|line| replaced(line)).collect()
}

/// The places of a pod in the objects that have one.
const PODS: [&str; 2] = ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec"];

/// The moments at which Helm runs a job. Before an install there is nothing yet that its pod needs.
fn hooks(manifest: &Manifest) -> Value {
    let is_after = manifest.object["metadata"]["annotations"][render::WHEN] == render::AFTER;
    json!({
        "helm.sh/hook": if is_after { "post-install,post-upgrade" } else { "post-install,pre-upgrade" },
        "helm.sh/hook-delete-policy": "before-hook-creation",
    })
}

/// The names of the variables that a process has beside those of the service, or instead of them.
fn own_names<'a>(of: &'a Release, manifest: &Manifest) -> Vec<&'a String> {
    of.k3s
        .job
        .iter()
        .map(|job| (&job.name, &job.env))
        .chain(of.k3s.worker.iter().map(|worker| (&worker.name, &worker.env)))
        .filter(|(name, _)| manifest.id.name == render::process_of("mark-name", name))
        .flat_map(|(_, variables)| variables.keys())
        .collect()
}

/// Those variables, as lines of its list.
fn own_variables(manifest: &Manifest, names: &[&String], pad: &str) -> String {
    let pod =
        PODS.iter().find_map(|pod| manifest.object.pointer(&format!("{pod}/containers/0/env")));
    let variables = pod.and_then(Value::as_array).into_iter().flatten();
    let own = variables.filter(|it| names.iter().any(|name| it["name"] == name.as_str()));
    let mut lines = Vec::new();
    write(&Value::Array(own.cloned().collect()), pad.len(), &mut lines);
    lines.iter().map(|line| replaced(line) + "\n").collect()
}

/// Writes a value as YAML, the dash of an item on a line of its own: whatever comes first in the item may be left out.
fn write(value: &Value, indent: usize, lines: &mut Vec<String>) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(entries) => {
            for (key, value) in render::in_order(entries) {
                if is_leaf(value) {
                    lines.push(format!("{pad}{key}: {value}"));
                } else {
                    lines.push(format!("{pad}{key}:"));
                    write(value, indent + 2, lines);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                if is_leaf(item) {
                    lines.push(format!("{pad}- {item}"));
                } else {
                    lines.push(format!("{pad}-"));
                    write(item, indent + 2, lines);
                }
            }
        }
        _ => unreachable!("the root of an object is a map"),
    }
}

fn is_leaf(value: &Value) -> bool {
    match value {
        Value::Object(entries) => entries.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    }
}

fn replaced(line: &str) -> String {
    // What is written in as it is configured is no template of its own.
    let mut line = line.replace("{{", "{{ \"{{\" }}");
    for (mark, expression) in LITERALS {
        line = line.replace(&format!("\"{mark}\""), &format!("{{{{ {expression} }}}}"));
    }
    for (mark, expression) in TEXTS {
        line = line.replace(&format!("\"{mark}\""), &format!("{{{{ {expression} | quote }}}}"));
    }
    // Within a longer text.
    line = line.replace("\"mark-name-", "\"{{ $.Values.service.name }}-");
    for (mark, expression) in NUMBERS {
        if let Some(key) = line.strip_suffix(&format!(": {mark}")) {
            line = format!("{key}: {{{{ {expression} }}}}");
        }
    }
    line
}

/// The same lines, each with the loop or named template that it stands for.
fn looped(base: &[String], names: &[&String], own: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut looped: Vec<String> = base.iter().map(|line| format!("{line}\n")).collect();
    for (index, line) in base.iter().enumerate() {
        let (pad, text) = line.split_at(line.len() - line.trim_start().len());
        if let Some((_, values)) =
            MAPS.iter().find(|(mark, _)| text.starts_with(&format!("{mark}:")))
        {
            looped[index] = format!(
                "{pad}{{{{- range $key, $value := {values} }}}}\n\
                 {pad}{{{{ $key | quote }}}}: {{{{ $value | quote }}}}\n{pad}{{{{- end }}}}\n"
            );
        }
        if let Some((_, values)) =
            LISTS.iter().find(|(mark, _)| text.trim_start_matches("- ") == *mark)
        {
            let (begin, end) = (item_begin(base, index), item_end(base, index));
            let pad = indent(&base[begin]);
            looped[begin] = format!("{pad}{{{{- range {values} }}}}\n{}", looped[begin]);
            let _ = writeln!(looped[end], "{pad}{{{{- end }}}}");
        }
        if text == "env:" {
            let variables = |mark: &str| {
                let at = base.iter().position(|line| line.ends_with(&format!("\"{mark}\"")));
                let at = at.expect("the marked variables are rendered");
                base[item_begin(base, at)..=item_end(base, at)].join("\n")
            };
            let list = index + 1..=item_end_of_list(base, index);
            let (plain, secret) = (variables("mark-variable"), variables("mark-secret-variable"));
            looped[index] += &environment(&plain, &secret, names);
            looped[index] += &own(indent(&base[index + 1]));
            list.for_each(|index| looped[index].clear());
        }
        let exceptions = text.strip_prefix(&format!("{EXCEPTIONS_MARK}: "));
        let exceptions = exceptions
            .map(|kind| format!("\"skyward.exceptions\" (dict \"root\" . \"kind\" {kind})"));
        let of_ingress = text.starts_with(INGRESS_MARK);
        let of_ingress = of_ingress.then(|| "\"skyward.ingressAnnotations\" .".to_owned());
        if let Some(annotations) = exceptions.or(of_ingress) {
            // With the key above it.
            let above = indent(&base[index - 1]);
            looped[index - 1] = format!(
                "{above}{{{{- with include {annotations} | fromJson }}}}\n\
                 {above}annotations:\n{pad}{{{{- toYaml . | nindent {} }}}}\n",
                pad.len()
            );
            looped[index] = format!("{above}{{{{- end }}}}\n");
        }
    }
    looped
}

fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

/// The line with the dash of the item that the line is in, or is.
fn item_begin(base: &[String], index: usize) -> usize {
    let is_dash = |line: &str| line.trim_start() == "-" || line.trim_start().starts_with("- ");
    let inner = indent(&base[index]).len();
    let dash = |at: &usize| *at == index || indent(&base[*at]).len() < inner;
    (0..=index).rev().filter(dash).find(|at| is_dash(&base[*at])).expect("an item has a dash")
}

fn item_end(base: &[String], index: usize) -> usize {
    let begin = item_begin(base, index);
    let outer = indent(&base[begin]).len();
    let rest = base[begin + 1..].iter().take_while(|line| indent(line).len() > outer).count();
    begin + rest
}

/// The last line of the list under a key.
fn item_end_of_list(base: &[String], key: usize) -> usize {
    let outer = indent(&base[key]).len();
    key + base[key + 1..].iter().take_while(|line| indent(line).len() > outer).count()
}

/// The loop over all variables but the process's own, in the forms that the renderer gives to a plain one and to one from a Secret.
fn environment(plain: &str, secret: &str, own: &[&String]) -> String {
    let own: Vec<_> = own.iter().map(|name| format!("{name:?}")).collect();
    let own = own.join(" ");
    let others =
        |all: &str| if own.is_empty() { all.to_owned() } else { format!("omit ({all}) {own}") };
    let variables = others("include \"skyward.variables\" . | fromJson");
    let secrets = others(".Values.k3s.secrets");
    let pad = indent(plain);
    let text = "value: {{ . | replace \"$\" \"$$\" | toJson }}";
    let plain = plain.replace("\"mark-variable\"", "{{ . | quote }}").replace(
        text,
        &format!("{{{{- with get $variables . }}}}\n{pad}  {text}\n{pad}  {{{{- end }}}}"),
    );
    let part =
        |number: usize| format!("{{{{ (splitn \"/\" 2 (get $secrets .))._{number} | quote }}}}");
    let secret = secret
        .replace("\"mark-secret-variable\"", "{{ . | quote }}")
        .replace("\"mark-secret\"", &part(0))
        .replace("\"mark-key\"", &part(1));
    format!(
        "{pad}{{{{- $variables := {variables} }}}}\n\
         {pad}{{{{- $secrets := {secrets} }}}}\n\
         {pad}{{{{- range concat (keys $variables) (keys $secrets) | sortAlpha }}}}\n\
         {pad}{{{{- if hasKey $secrets . }}}}\n{secret}\n{pad}{{{{- else }}}}\n{plain}\n\
         {pad}{{{{- end }}}}\n{pad}{{{{- end }}}}\n"
    )
}
