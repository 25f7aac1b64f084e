//! The forms of jobs, workers, files, volumes, routes and peers.

use schemars::{Schema, SchemaGenerator};

use super::super::{DNS_LABEL, formatted, list, map, text, whole};
use super::{DNS_SUBDOMAIN, host_name, object_name, qualified_name, ssh_port};

/// Short enough that a revision's number and what controllers add still fit behind it.
pub(crate) fn process_name(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$",
        "a name is 1 to 30 of a-z, 0-9 and -, begins with a letter and ends with a letter or digit",
    )
}

pub(crate) fn object_names(generator: &mut SchemaGenerator) -> Schema {
    list(&object_name(generator))
}

pub(crate) fn host_names(generator: &mut SchemaGenerator) -> Schema {
    list(&host_name(generator))
}

/// Of characters that the key of a ConfigMap can have too; no part of it is `.` or `..`.
const POD_PATH: &str = r"^(/\.?[A-Za-z0-9_-][A-Za-z0-9._-]{0,98}){1,10}$";
const POD_PATH_RIGHT: &str =
    "a path in a pod is absolute, of letters, digits, ., _ and -, such as /etc/app/config.toml";

pub(crate) fn pod_path(_: &mut SchemaGenerator) -> Schema {
    text(POD_PATH, POD_PATH_RIGHT)
}

pub(crate) fn files(_: &mut SchemaGenerator) -> Schema {
    map(
        &text(POD_PATH, POD_PATH_RIGHT),
        &text("^[^\\x00]+$", "a file's path is text that is not empty"),
        100,
    )
}

/// The other way round: the path here comes first.
pub(crate) fn image_files(_: &mut SchemaGenerator) -> Schema {
    map(
        &text("^[^\\x00]+$", "a file's path is text that is not empty"),
        &text(
            POD_PATH,
            "a path in the image is absolute, of letters, digits, ., _ and -, such as /srv/static",
        ),
        100,
    )
}

pub(crate) fn secret_files(_: &mut SchemaGenerator) -> Schema {
    map(
        &text(POD_PATH, POD_PATH_RIGHT),
        &text(
            &format!("^{DNS_SUBDOMAIN}/[-._a-zA-Z0-9]{{1,253}}$"),
            "a reference is SECRET/KEY, such as \"tls/tls.key\"; the value itself does not belong here",
        ),
        100,
    )
}

pub(crate) fn manifest_files(_: &mut SchemaGenerator) -> Schema {
    list(&text(
        "^[^\\x00*]*[^\\x00/]+$",
        "it is the path of a file, whose name may hold *, such as \"deploy/extra/*.yaml\"",
    ))
}

/// As cron has it; the numbers are looked at when it is rendered.
pub(crate) fn schedule(_: &mut SchemaGenerator) -> Schema {
    text(
        "^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|[0-9A-Za-z*/,?-]+( +[0-9A-Za-z*/,?-]+){4})$",
        "a schedule is minute, hour, day of the month, month and day of the week, such as \"30 3 * * *\", or @daily and the like",
    )
}

/// As the IANA names them.
pub(crate) fn time_zone(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$",
        "a time zone is a name of the IANA's, such as Europe/Berlin or Etc/UTC",
    )
}

pub(crate) fn retries(_: &mut SchemaGenerator) -> Schema {
    whole(0, 20, "a number of retries is a whole number from 0 to 20")
}

pub(crate) fn route_paths(_: &mut SchemaGenerator) -> Schema {
    let path = text(
        "^/[A-Za-z0-9._~!$&'()+,;=:@/-]{0,1000}$",
        "a path begins with /, and has no query, such as /api",
    );
    let mut schema = list(&path);
    schema.insert("minItems".into(), 1.into());
    schema
}

pub(crate) fn gateway(_: &mut SchemaGenerator) -> Schema {
    text(
        &format!("^([a-z0-9]([a-z0-9-]{{0,61}}[a-z0-9])?/)?{DNS_SUBDOMAIN}$"),
        "a Gateway is NAME, or NAMESPACE/NAME, such as \"infra/public\"",
    )
}

pub(crate) fn listeners(generator: &mut SchemaGenerator) -> Schema {
    map(&text("^(http|https)$", "a listener is for http or https"), &object_name(generator), 2)
}

/// One segment of a path, as Kubernetes asks; `|` is in the names of some clouds.
pub(crate) fn metric_name(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[A-Za-z_][A-Za-z0-9_:.|-]{0,252}$",
        "a metric's name is letters, digits, _, :, ., | and -, and begins with a letter or _",
    )
}

/// A subset of Kubernetes' quantities that has one meaning.
pub(crate) fn amount(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[1-9][0-9]{0,14}[mkMG]?$",
        "it is a whole number, with m for thousandths or k, M or G behind it or not, in quotes, such as \"100\" or \"500m\"",
    )
}

/// Kubernetes' names of ports (IANA service names).
pub(crate) fn port_name(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[a-z]([a-z0-9-]{0,13}[a-z0-9])?$",
        "a port's name is 1 to 15 of a-z, 0-9 and -, begins with a letter and ends with a letter or digit",
    )
}

pub(crate) fn ports(generator: &mut SchemaGenerator) -> Schema {
    list(&ssh_port(generator))
}

pub(crate) fn namespace_or_all(_: &mut SchemaGenerator) -> Schema {
    let label = DNS_LABEL.trim_start_matches('^').trim_end_matches('$');
    text(
        &format!("^(\\*|{label})$"),
        "a namespace is 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends, or * for all",
    )
}

pub(crate) fn network(_: &mut SchemaGenerator) -> Schema {
    formatted(
        "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$",
        "cidr",
        "a network is an address with a prefix length, such as 10.0.0.0/8, or an address alone",
    )
}

pub(crate) fn taint(_: &mut SchemaGenerator) -> Schema {
    qualified_name("a taint's key")
}

pub(crate) fn label_value(_: &mut SchemaGenerator) -> Schema {
    text(
        "^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$",
        "it is at most 63 letters, digits, ., _ and -, with a letter or digit at both ends",
    )
}

pub(crate) fn count_or_percent(_: &mut SchemaGenerator) -> Schema {
    text(
        "^(0|[1-9][0-9]{0,2}|[1-9][0-9]?%|100%)$",
        "it is a number of pods or a percentage in quotes, such as \"1\" or \"25%\"",
    )
}
