//! Texts that no API server takes, wherever an object of Kubernetes has them.

use super::Report;
use crate::Config;
use crate::file::keys::child;

/// The first character that an apply cannot carry: the API server reads its JSON as YAML 1.1, which has no control characters above
/// U+007E unescaped, and takes some of them for ends of lines. Lower ones are escaped by JSON.
pub fn refused_letter(text: &str) -> Option<char> {
    text.chars().find(|letter| {
        matches!(
            letter,
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
    })
}

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let (service, k3s) = (&config.service, &config.k3s);
    let maps = [
        ("service.env", &service.env),
        ("k3s.env", &k3s.env),
        ("k3s.ingress_annotations", &k3s.ingress_annotations),
        ("k3s.pod_annotations", &k3s.pod_annotations),
        ("k3s.service_account_annotations", &k3s.service_account_annotations),
    ];
    let mut all: Vec<(String, &String)> = Vec::new();
    for (key, map) in maps {
        all.extend(map.iter().map(|(name, text)| (child(key, name), text)));
    }
    all.extend(service.args.iter().map(|text| ("service.args".to_owned(), text)));
    for job in &k3s.job {
        let texts = job.args.iter().chain(&job.command).chain(job.env.values());
        all.extend(texts.map(|text| ("k3s.job".to_owned(), text)));
    }
    for worker in &k3s.worker {
        let texts = worker.args.iter().chain(&worker.command).chain(worker.env.values());
        all.extend(texts.map(|text| ("k3s.worker".to_owned(), text)));
    }
    for (key, text) in all {
        if let Some(letter) = refused_letter(text) {
            report(&[&key], &|_| {
                let number = u32::from(letter);
                format!("it holds U+{number:04X}, which the API server does not take; leave it out")
            });
        }
    }
}
