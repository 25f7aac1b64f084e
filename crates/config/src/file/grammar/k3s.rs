//! The forms of `[k3s]`: what Kubernetes asks of its objects, the machines, and how k3s is set up.

mod workload;

use schemars::{Schema, SchemaGenerator};

use super::{DNS_LABEL, formatted, list, map, text, whole};

pub(crate) use workload::*;

pub(crate) fn namespace(_: &mut SchemaGenerator) -> Schema {
    text(DNS_LABEL, "a namespace is 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends")
}

pub(crate) fn context(_: &mut SchemaGenerator) -> Schema {
    text("^[^\\x00-\\x1f\\x7f]+$", "a context is a name, as `kubectl config get-contexts` lists it")
}

pub(crate) fn replicas(_: &mut SchemaGenerator) -> Schema {
    whole(1, 1000, "a number of replicas is a whole number from 1 to 1000")
}

pub(crate) fn revisions(_: &mut SchemaGenerator) -> Schema {
    whole(1, 100, "a number of revisions is a whole number from 1 to 100")
}

pub(crate) fn percent(_: &mut SchemaGenerator) -> Schema {
    whole(1, 100, "a percentage is a whole number from 1 to 100")
}

pub(crate) fn seconds(_: &mut SchemaGenerator) -> Schema {
    whole(1, 3600, "it is a whole number of seconds from 1 to 3600 (an hour)")
}

pub(crate) fn seconds_or_none(_: &mut SchemaGenerator) -> Schema {
    whole(0, 3600, "it is a whole number of seconds from 0 to 3600 (an hour)")
}

/// A subset of Kubernetes' quantities that has one meaning and one spelling.
pub(crate) fn cpu(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[1-9][0-9]{0,5}m?$",
        "CPU is whole cores or thousandths, such as 2 or \"250m\", in quotes",
    )
}

/// As [`cpu`].
pub(crate) fn bytes(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[1-9][0-9]{0,5}(Ki|Mi|Gi|Ti)$",
        "a size is a whole number with Ki, Mi, Gi or Ti, such as \"64Mi\"",
    )
}

/// RFC 1123 §2.1, as Kubernetes asks of most names: DNS labels with dots between them.
const DNS_SUBDOMAIN: &str =
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*";

pub(crate) fn object_name(_: &mut SchemaGenerator) -> Schema {
    let right = "an object's name is DNS labels (a-z, 0-9 and inner -) with dots between them, such as web-tls";
    let mut schema = text(&format!("^{DNS_SUBDOMAIN}$"), right);
    schema.insert("maxLength".into(), 253.into());
    schema
}

pub(crate) fn namespaces(generator: &mut SchemaGenerator) -> Schema {
    list(&namespace(generator))
}

/// The key as Kubernetes asks of those in a Secret (`IsConfigMapKey`).
pub(crate) fn secrets(_: &mut SchemaGenerator) -> Schema {
    map(
        &text(
            "^[A-Za-z_][A-Za-z0-9_]*$",
            "a variable's name is letters, digits and _, and does not begin with a digit",
        ),
        &text(
            &format!("^{DNS_SUBDOMAIN}/[-._a-zA-Z0-9]{{1,253}}$"),
            "a reference is SECRET/KEY, such as \"database/url\"; the value itself does not belong here",
        ),
        1000,
    )
}

/// Kubernetes' qualified names: a name of 63, with a DNS name and `/` before it or not.
fn qualified_name(what: &str) -> Schema {
    text(
        &format!("^({DNS_SUBDOMAIN}/)?[A-Za-z0-9]([A-Za-z0-9._-]{{0,61}}[A-Za-z0-9])?$"),
        &format!(
            "{what} is 1 to 63 letters, digits, ., _ and -, or these after a DNS name and /, such as example.com/team"
        ),
    )
}

pub(crate) fn kubernetes_labels(_: &mut SchemaGenerator) -> Schema {
    map(
        &qualified_name("a label's name"),
        &text(
            "^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$",
            "a label's value is at most 63 letters, digits, ., _ and -, with a letter or digit at both ends",
        ),
        100,
    )
}

pub(crate) fn annotations(_: &mut SchemaGenerator) -> Schema {
    map(
        &qualified_name("an annotation's name"),
        &text("^[^\\x00]*$", "an annotation's value is text without NUL"),
        100,
    )
}

/// RFC 1123 §2.1; the last label begins with a letter, so that it is not an IP address,
/// which an Ingress does not take.
pub(crate) fn host_name(_: &mut SchemaGenerator) -> Schema {
    let label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
    let mut schema = text(
        &format!(r"^({label}\.)*[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?$"),
        "a host name is a DNS name in lower case, such as web.example.com",
    );
    schema.insert("maxLength".into(), 253.into());
    schema
}

/// No leading `-`, which ssh would read as an option. A colon is in an IPv6 address alone, which has two at least.
pub(crate) fn ssh_address(_: &mut SchemaGenerator) -> Schema {
    text(
        "^([A-Za-z0-9_][A-Za-z0-9._-]{0,252}|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9._-]{1,64})?)$",
        "an address is a host name, an IP address without brackets or a Host of ssh_config; the user and the port have keys of their own, `user` and `port`",
    )
}

/// An object's name that is also the value of the node's label `kubernetes.io/hostname`.
pub(crate) fn node_name(_: &mut SchemaGenerator) -> Schema {
    let right = "a node's name is 1 to 63 of a-z, 0-9, - and ., with a letter or digit at both ends of each part, such as web-1";
    let mut schema = text(&format!("^{DNS_SUBDOMAIN}$"), right);
    schema.insert("maxLength".into(), 63.into());
    schema
}

/// A host alone; the port is that of k3s's API server.
pub(crate) fn endpoint(_: &mut SchemaGenerator) -> Schema {
    let mut schema = text(
        &format!("^({DNS_SUBDOMAIN}|[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*)$"),
        "it is a DNS name in lower case or an IP address, without a port, such as cluster.example.com or 10.0.0.10",
    );
    schema.insert("maxLength".into(), 253.into());
    schema
}

/// As Linux's `useradd` takes them, dots included.
pub(crate) fn ssh_user(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[A-Za-z_][A-Za-z0-9._-]{0,31}$",
        "a user is a name of 1 to 32 letters, digits, ., _ and -",
    )
}

pub(crate) fn ssh_port(_: &mut SchemaGenerator) -> Schema {
    whole(1, 65535, "a port is a whole number from 1 to 65535")
}

pub(crate) fn node_address(_: &mut SchemaGenerator) -> Schema {
    formatted("^[0-9A-Fa-f:.]+$", "ip", "it is an IP address, such as 10.0.0.11 or fd00::11")
}

/// As k3s names its releases.
pub(crate) fn k3s_version(_: &mut SchemaGenerator) -> Schema {
    text(
        "^v[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}(-rc[0-9]{1,2})?\\+k3s[0-9]{1,2}$",
        "a release of k3s is vX.Y.Z+k3sN, such as v1.36.3+k3s1",
    )
}

pub(crate) fn k3s_checksums(_: &mut SchemaGenerator) -> Schema {
    map(
        &text("^(amd64|arm64|arm)$", "an architecture is amd64, arm64 or arm"),
        &text("^[0-9a-f]{64}$", "a SHA-256 is 64 hexadecimal digits in lower case"),
        3,
    )
}

pub(crate) fn web_address(_: &mut SchemaGenerator) -> Schema {
    text(
        "^https?://[A-Za-z0-9.:\\[\\]-]+(/[A-Za-z0-9._~%/-]*)?$",
        "it is an address with http:// or https://, such as https://mirror.example.com/k3s",
    )
}

/// As k3s's `registries.yaml` has them.
pub(crate) fn mirrors(_: &mut SchemaGenerator) -> Schema {
    let registry = text(
        "^(\\*|[A-Za-z0-9.-]+(:[0-9]{1,5})?)$",
        "a registry is its host, with a port or not, such as docker.io, or *",
    );
    let mut addresses = list(&text(
        "^https?://[^\\x00-\\x20@]+$",
        "a mirror is an address with http:// or https://, without credentials",
    ));
    addresses.insert("type".into(), "array".into());
    map(&registry, &addresses, 100)
}

/// One of IPv4, of IPv6, or one of each, as k3s's `cluster-cidr` takes them.
pub(crate) fn cluster_network(_: &mut SchemaGenerator) -> Schema {
    let v4 = "[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2}";
    let v6 = "[0-9a-f]*:[0-9a-f:]*:[0-9a-f]*/[0-9]{1,3}";
    text(
        &format!("^({v4}|{v6}|{v4},{v6}|{v6},{v4})$"),
        "it is a network, such as 10.42.0.0/16, or one of IPv4 and one of IPv6 with a comma between them",
    )
}

/// As `kubectl taint` writes them.
pub(crate) fn node_taints(_: &mut SchemaGenerator) -> Schema {
    let name = "[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?";
    list(&text(
        &format!(
            "^({DNS_SUBDOMAIN}/)?{name}(=({name})?)?:(NoSchedule|PreferNoSchedule|NoExecute)$"
        ),
        "a taint is KEY=VALUE:EFFECT or KEY:EFFECT, and the effect NoSchedule, PreferNoSchedule or NoExecute",
    ))
}

/// Keys of k3s's `config.yaml`: the names of its flags.
pub(crate) fn k3s_options(_: &mut SchemaGenerator) -> Schema {
    let key = text(
        "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        "it is a key of k3s's configuration, a flag without its hyphens, such as flannel-iface",
    );
    let mut values = list(&text("^[^\\x00-\\x1f\\x7f]+$", "a value is text on one line"));
    values.insert("type".into(), "array".into());
    map(&key, &values, 100)
}
