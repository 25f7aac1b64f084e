//! Texts that no API server takes, wherever an object of Kubernetes has them.

use super::Report;
use crate::file::keys::child;
use crate::{Config, K3s, Service};

/// Returns the reason for which the API server takes no such text; none where it takes it. It reads the JSON of an apply as YAML 1.1,
/// which has no control characters above U+007E unescaped, and takes some of them for ends of lines. Lower ones are escaped by JSON.
pub fn refused_text(text: &str) -> Option<String> {
    let refused = text.chars().find(|letter| {
        matches!(
            letter,
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
    })?;
    let number = u32::from(refused);
    Some(format!("it holds U+{number:04X}, which the API server does not take; leave it out"))
}

/// The free texts of a release's own pods and of its Ingress, each with its key.
pub fn free_texts<'a>(service: &'a Service, k3s: &'a K3s) -> Vec<(String, &'a String)> {
    let arguments = service.args.iter().map(|text| ("service.args".to_owned(), text));
    let maps = [
        ("service.env", &service.env),
        ("k3s.env", &k3s.env),
        ("k3s.ingress_annotations", &k3s.ingress_annotations),
        ("k3s.pod_annotations", &k3s.pod_annotations),
        ("k3s.service_account_annotations", &k3s.service_account_annotations),
    ];
    let entries = maps
        .into_iter()
        .flat_map(|(key, map)| map.iter().map(move |(name, text)| (child(key, name), text)));
    arguments.chain(entries).collect()
}

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let k3s = &config.k3s;
    let mut all = free_texts(&config.service, k3s);
    for job in &k3s.job {
        let texts = job.args.iter().chain(&job.command).chain(job.env.values());
        all.extend(texts.map(|text| ("k3s.job".to_owned(), text)));
    }
    for worker in &k3s.worker {
        let texts = worker.args.iter().chain(&worker.command).chain(worker.env.values());
        all.extend(texts.map(|text| ("k3s.worker".to_owned(), text)));
    }
    for (key, text) in all {
        if let Some(reason) = refused_text(text) {
            report(&[&key], &|_| reason.clone());
        }
    }
}
