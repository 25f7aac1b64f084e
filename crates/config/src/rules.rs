//! Rules over several keys, on a configuration whose single values are all valid.

mod aws;
mod machines;

use std::collections::HashSet;

use crate::validate::quoted;
use crate::{Config, Ingress, Origin, Origins, Problem};

/// A rule that is broken.
pub(crate) struct Broken {
    /// The keys that it is about.
    keys: Vec<String>,
    problem: Problem,
}

/// Every rule that the configuration breaks.
pub(crate) fn check(config: &Config, origins: &Origins) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut report = |keys: &[&str], message: &dyn Fn(&str) -> String| {
        broken.push(blame(origins, keys, message));
    };
    ports(config, &mut report);
    drain(config, &mut report);
    hosts(config, &mut report);
    variables(config, &mut report);
    kubernetes(config, &mut report);
    machines::check(config, &mut report);
    aws::check(config, &mut report);
    broken
}

/// Takes the keys that a rule is about, and what to say of the one among them that is to blame.
type Report<'r> = dyn FnMut(&[&str], &dyn Fn(&str) -> String) + 'r;

fn ports(config: &Config, report: &mut Report<'_>) {
    let service = &config.service;
    if service.port == service.admin_port && service.port != 0 {
        report(&["service.port", "service.admin_port"], &|key| {
            let other = if key == "service.port" { "service.admin_port" } else { "service.port" };
            format!("{} is {other} too; the two ports differ (or are 0)", service.port)
        });
    }
}

fn drain(config: &Config, report: &mut Report<'_>) {
    if let (Some(delay), Some(cap)) = (config.service.drain_delay_ms, config.service.drain_cap_ms)
        && delay > cap
    {
        report(&["service.drain_delay_ms", "service.drain_cap_ms"], &|_| {
            format!(
                "the delay of {delay} ms is longer than the cap of {cap} ms; both count from the same signal, so drain_delay_ms is the smaller"
            )
        });
    }
}

fn hosts(config: &Config, report: &mut Report<'_>) {
    if let (Some(host), Some(allowed)) = (&config.k3s.host, &config.service.allowed_hosts)
        && !allowed.is_empty()
        && !allowed.iter().any(|allowed| allows(allowed, host))
    {
        report(&["k3s.host", "service.allowed_hosts"], &|_| {
            format!(
                "the service would refuse k3s.host {}; service.allowed_hosts is empty or holds it",
                quoted(host)
            )
        });
    }
}

/// As the service compares: without case, and `*.` stands for any name before it.
fn allows(allowed: &str, host: &str) -> bool {
    let (allowed, host) = (allowed.to_ascii_lowercase(), host.to_ascii_lowercase());
    match allowed.strip_prefix('*') {
        Some(ending) => host.len() > ending.len() && host.ends_with(ending),
        None => host == allowed,
    }
}

/// A variable of the service's own would silently beat the key of the same name.
fn variables(config: &Config, report: &mut Report<'_>) {
    for name in config.service.env.keys() {
        if let Some(key) = name.strip_prefix("SKYWARD_SERVICE__") {
            let key = key.to_lowercase();
            report(&[&format!("service.env.{name}")], &|_| {
                format!("the service reads that as a setting; set service.{key} instead")
            });
        }
    }
}

fn kubernetes(config: &Config, report: &mut Report<'_>) {
    let k3s = &config.k3s;
    for (request, limit, keys) in [
        (&k3s.cpu, &k3s.cpu_limit, ["k3s.cpu", "k3s.cpu_limit"]),
        (&k3s.memory, &k3s.memory_limit, ["k3s.memory", "k3s.memory_limit"]),
        (&k3s.storage, &k3s.storage_limit, ["k3s.storage", "k3s.storage_limit"]),
    ] {
        if amount(request) > amount(limit) {
            report(&keys, &|_| {
                format!("{request} is promised and {limit} is the limit; the limit is the greater")
            });
        }
    }
    if k3s.max_replicas.is_some_and(|most| most < k3s.replicas) {
        report(&["k3s.replicas", "k3s.max_replicas"], &|_| {
            "max_replicas is less than replicas; with both, replicas is the least and max_replicas the most".into()
        });
    }
    if k3s.progress_deadline_s >= k3s.timeout_s {
        report(&["k3s.progress_deadline_s", "k3s.timeout_s"], &|_| {
            "Kubernetes' own reason must be known before the timeout; progress_deadline_s is the smaller of the two".into()
        });
    }
    if k3s.ingress == Ingress::None {
        let concerned =
            [("k3s.host", k3s.host.is_some()), ("k3s.tls_secret", k3s.tls_secret.is_some())];
        for (key, _) in concerned.into_iter().filter(|(_, given)| *given) {
            report(&[key, "k3s.ingress"], &|_| {
                format!("k3s.ingress is \"none\", and {key} is for an Ingress; one of them goes")
            });
        }
    }
    for name in k3s.env.keys().filter(|name| k3s.secrets.contains_key(*name)) {
        report(&[&format!("k3s.env.{name}"), &format!("k3s.secrets.{name}")], &|_| {
            "it stands in k3s.env and in k3s.secrets; a variable has one value".into()
        });
    }
}

/// A quantity in thousandths of a core, or in bytes; its form is known to be right.
fn amount(quantity: &str) -> u128 {
    let digits = quantity.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit: u128 = match &quantity[digits.len()..] {
        "m" => 1,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        _ => 1000,
    };
    digits.parse::<u128>().unwrap_or(0) * unit
}

/// Blames the key that was set last: it is what made the rule break.
fn blame(origins: &Origins, keys: &[&str], message: &dyn Fn(&str) -> String) -> Broken {
    let rank = |key: &str| {
        let origin = origins.of(key);
        let in_environment = matches!(origin, Origin::File { environment: Some(_), .. });
        let (layer, line, _) = origin.layer();
        (layer, in_environment, line)
    };
    let key = keys.iter().copied().max_by_key(|key| rank(key)).unwrap_or_default();
    let origin = origins.of(key);
    let place = match &origin {
        Origin::File { environment: Some(name), .. } => format!("environment.{name}.{key}"),
        _ => key.to_owned(),
    };
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    Broken { keys, problem: Problem { origin, key: place, message: message(key) } }
}

/// Adds each problem once, and none about a key that is wrong already: its value was not the one
/// meant.
pub(crate) fn report(broken: Vec<Broken>, problems: &mut Vec<Problem>) {
    let wrong: HashSet<String> =
        problems.iter().flat_map(|problem| concerned(&problem.key)).collect();
    let mut known: HashSet<Problem> = HashSet::new();
    for Broken { keys, problem } in broken {
        let is_consequence = keys.iter().any(|key| wrong.contains(key));
        if !is_consequence && known.insert(problem.clone()) {
            problems.push(problem);
        }
    }
}

/// The keys that something wrong in `key` concerns, in whichever environment: itself and those
/// above it.
fn concerned(key: &str) -> Vec<String> {
    let plain = match key.strip_prefix("environment.").and_then(|rest| rest.split_once('.')) {
        Some((_, plain)) => plain,
        None => key,
    };
    let ends = plain.match_indices(['.', '[']).map(|(end, _)| end).chain([plain.len()]);
    ends.map(|end| plain[..end].to_owned()).collect()
}
