//! Rules over several keys, on a configuration whose single values are all valid.

mod image;
mod instances;
mod labels;
mod machines;
mod networks;
mod processes;
mod routes;
mod texts;

pub use routes::NGINX_REDIRECT;
pub use texts::{free_texts, refused_text};

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

use crate::file::keys::child;
use crate::file::validate::quoted;
use crate::service::PREFIX;
use crate::{Aws, Config, Conflict, DatabaseStorage, Ingress, Origin, Origins, Problem};

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
    settings(config, &mut report);
    hosts(config, &mut report);
    variables(config, &mut report);
    kubernetes(config, &mut report);
    processes::check(config, &mut report);
    image::check(config, &mut report);
    routes::check(&config.k3s, &mut report);
    labels::check(&config.k3s, &mut report);
    texts::check(config, &mut report);
    machines::check(&config.k3s, &mut report);
    networks::check(&config.k3s, &mut report);
    aws(config, &mut report);
    instances::check(config, &mut report);
    broken
}

/// Takes the keys that a rule is about, and what to say of the one among them that is to blame.
type Report<'r> = dyn FnMut(&[&str], &dyn Fn(&str) -> String) + 'r;

/// The rules over settings are the service's own.
fn settings(config: &Config, report: &mut Report<'_>) {
    for Conflict { keys, reason } in config.service.settings().conflicts() {
        if keys.contains(&"admin_port") && !config.service.has_admin_port() {
            continue;
        }
        let keys = keys.map(|key| format!("service.{key}"));
        report(&[&keys[0], &keys[1]], &|_| reason.clone());
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

/// Compares as the service does: without case, and with `*.` for any name before it.
fn allows(allowed: &str, host: &str) -> bool {
    let (allowed, host) = (allowed.to_ascii_lowercase(), host.to_ascii_lowercase());
    let allowed = allowed.strip_suffix('.').unwrap_or(&allowed);
    match allowed.strip_prefix('*') {
        Some(ending) => host.len() > ending.len() && host.ends_with(ending),
        None => host == allowed,
    }
}

/// A variable of the service's own would silently beat the key of the same name.
fn variables(config: &Config, report: &mut Report<'_>) {
    for name in config.service.env.keys() {
        if let Some(key) = name.strip_prefix(PREFIX) {
            let key = key.to_lowercase();
            report(&[&format!("service.env.{name}")], &|_| {
                format!("the service reads that as a setting; set service.{key} instead")
            });
        }
    }
}

/// Returns true for a place and for all below it.
fn is_within(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The memory that runc itself needs to start a container; Docker refuses less too.
const LEAST_LIMIT: &str = "6Mi";

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
    let workers = || k3s.worker.iter();
    let promised = workers().filter_map(|it| Some(("k3s.worker", it.memory.as_ref()?)));
    let limits = workers().filter_map(|it| Some(("k3s.worker", it.memory_limit.as_ref()?)));
    let leasts = std::iter::once(("k3s.memory", &k3s.memory))
        .chain(promised)
        .map(|(key, size)| (key, size, "1Mi", "no container runs"))
        .chain(
            std::iter::once(("k3s.memory_limit", &k3s.memory_limit))
                .chain(limits)
                .map(|(key, size)| (key, size, LEAST_LIMIT, "no container is even started")),
        )
        .chain([(
            "k3s.storage_limit",
            &k3s.storage_limit,
            "1Mi",
            "a pod is evicted for its first lines of log",
        )]);
    for (key, size, least, why) in leasts {
        if amount(size) < amount(least) {
            report(&[key], &|_| format!("{size} is too little: with less than {least} {why}"));
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
    if k3s.ingress == Ingress::None && k3s.gateway.is_none() {
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
            "the variable is in k3s.env and in k3s.secrets; keep one of the two".into()
        });
    }
}

/// Beginnings that AWS refuses, and what would have one. EC2: `CreateSecurityGroup`, `GroupName`. S3: "General purpose bucket naming
/// rules"; `xn--` needs two hyphens in a row, which a stack's name has not. Elastic Load Balancing: `CreateLoadBalancer`, `Name`.
const REFUSED_PREFIXES: [(&str, &str); 4] = [
    ("sg-", "each security group"),
    ("sthree-", "the bucket"),
    ("amzn-s3-demo-", "the bucket"),
    ("internal-", "the load balancer"),
];

/// GiB from which RDS stripes gp3 over four volumes, and lets its operations be provisioned ("Amazon RDS DB instance storage" in the
/// user guide, for MySQL and PostgreSQL).
const GP3_STRIPED_GIB: u32 = 400;
/// The operations a second that it then has; of the same source.
const GP3_IOPS: RangeInclusive<u32> = 12_000..=64_000;

/// A load balancer takes certificates of its own region and account; one of IAM has no region.
fn certificate_of(aws: &Aws, arn: &str, report: &mut Report<'_>) {
    let mut parts = arn.split(':').skip(3);
    let (region, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if !region.is_empty() && region != aws.region {
        report(&["aws.certificate", "aws.region"], &|_| {
            format!(
                "the certificate is in the region {}, and the load balancer, which takes one of its own region alone, in {}",
                quoted(region),
                quoted(&aws.region)
            )
        });
    }
    if let Some(own) = aws.account.as_ref().filter(|own| *own != account) {
        report(&["aws.certificate", "aws.account"], &|_| {
            format!(
                "the certificate is of the account {}, and a load balancer takes one of its own account, {}, alone",
                quoted(account),
                quoted(own)
            )
        });
    }
}

fn aws(config: &Config, report: &mut Report<'_>) {
    let aws = &config.aws;
    if aws.max_instances < aws.instances {
        report(&["aws.instances", "aws.max_instances"], &|_| {
            "max_instances is less than instances; instances is the least and max_instances the most".into()
        });
    }
    if !aws.zones.is_empty() && aws.zones.len() != 3 {
        report(&["aws.zones"], &|_| {
            format!("{} zones are named; the topology has three", aws.zones.len())
        });
    }
    if let Some(first) =
        first_address(&aws.network).filter(|first| !aws.network.starts_with(&format!("{first}/")))
    {
        report(&["aws.network"], &|_| {
            format!(
                "{} has bits set behind its prefix; the network begins at {first}",
                quoted(&aws.network)
            )
        });
    }
    if let Some(zone) = aws.zones.iter().find(|zone| !zone.starts_with(&aws.region)) {
        report(&["aws.zones", "aws.region"], &|_| {
            format!("{} is not a zone of the region {}", quoted(zone), quoted(&aws.region))
        });
    }
    if let Some((prefix, what)) =
        REFUSED_PREFIXES.iter().find(|(prefix, _)| format!("{}-", aws.name).starts_with(prefix))
    {
        report(&["aws.name"], &|_| {
            format!(
                "the name of {what} begins with the stack's, {}, and AWS refuses names that begin with {prefix}",
                quoted(&aws.name)
            )
        });
    }
    if let (DatabaseStorage::Gp3, Some(iops)) = (aws.database_storage, aws.database_iops) {
        if aws.database_storage_gib < GP3_STRIPED_GIB {
            report(&["aws.database_iops", "aws.database_storage_gib"], &|_| {
                format!(
                    "{iops} operations a second cannot be provisioned with gp3 below {GP3_STRIPED_GIB} GiB, which has 3000 of its own; \
                     leave the key out, or take io1 or {GP3_STRIPED_GIB} GiB"
                )
            });
        } else if !GP3_IOPS.contains(&iops) {
            report(&["aws.database_iops"], &|_| {
                let (least, most) = (GP3_IOPS.start(), GP3_IOPS.end());
                format!(
                    "{iops} is out of range; gp3 from {GP3_STRIPED_GIB} GiB on has {least} to {most} operations a second"
                )
            });
        }
    }
    if let Some(certificate) = &aws.certificate {
        certificate_of(aws, certificate, report);
    }
    for name in aws.tags.keys().filter(|name| {
        let name = name.to_ascii_lowercase();
        name.starts_with("aws:") || name.starts_with("skyward:") || name == "name"
    }) {
        report(&[&child("aws.tags", name)], &|_| {
            "tags that begin with aws: are AWS's own, those with skyward: mark what is ours, and Name is made from aws.name".into()
        });
    }
}

/// The first address of a network; none where it is none.
fn first_address(network: &str) -> Option<Ipv4Addr> {
    let (address, bits) = network.split_once('/')?;
    let address: Ipv4Addr = address.parse().ok()?;
    let mask = u32::MAX
        .checked_shl(32 - bits.parse::<u32>().ok().filter(|bits| *bits <= 32)?)
        .unwrap_or(0);
    Some((u32::from(address) & mask).into())
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
