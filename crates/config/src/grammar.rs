//! The forms of values, as JSON Schema. Each says in `errorMessage` what would be right (editors
//! show it too).

mod aws;
mod machine;

use schemars::{Schema, SchemaGenerator, json_schema};

pub(crate) use aws::*;
pub(crate) use machine::*;

/// RFC 1123 §2.1, as Kubernetes asks of names: 1 to 63 of `a-z`, `0-9` and inner `-`.
const DNS_LABEL: &str = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

fn text(pattern: &str, right: &str) -> Schema {
    json_schema!({"type": "string", "pattern": pattern, "errorMessage": right})
}

fn whole(minimum: u64, maximum: u64, right: &str) -> Schema {
    json_schema!({"type": "integer", "minimum": minimum, "maximum": maximum, "errorMessage": right})
}

fn list(items: &Schema) -> Schema {
    json_schema!({"type": "array", "items": items, "uniqueItems": true})
}

/// The limit is far above what anyone writes, and keeps small what is merged and checked for each
/// environment.
fn map(keys: &Schema, values: &Schema, most: u32) -> Schema {
    json_schema!({"type": "object", "propertyNames": keys, "additionalProperties": values, "maxProperties": most})
}

pub(crate) fn namespace(_: &mut SchemaGenerator) -> Schema {
    text(DNS_LABEL, "a namespace is 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends")
}

/// RFC 1035 §2.3.1, as Kubernetes asks of Services: a DNS label that begins with a letter.
pub(crate) fn name(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$",
        "a name is a DNS label: 1 to 63 of a-z, 0-9 and -, begins with a letter and does not end with -",
    )
}

/// The name of a cargo package or binary, as cargo checks it for a new one (ASCII only here: it
/// becomes a file name in the image).
pub(crate) fn package(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[A-Za-z_][A-Za-z0-9_-]{0,63}$",
        "a package or binary begins with a letter and goes on with letters, digits, - and _, 64 at most",
    )
}

pub(crate) fn ip(_: &mut SchemaGenerator) -> Schema {
    let right = "a host is an IP address, such as 0.0.0.0, 127.0.0.1 or ::";
    let mut schema = text("^[0-9A-Fa-f:.]+$", right);
    schema.insert("format".into(), "ip".into());
    schema
}

pub(crate) fn port(_: &mut SchemaGenerator) -> Schema {
    whole(0, 65535, "a port is a whole number from 0 to 65535")
}

pub(crate) fn arguments(_: &mut SchemaGenerator) -> Schema {
    let argument = text("^[^\\x00]*$", "an argument is text without NUL");
    json_schema!({"type": "array", "items": argument})
}

pub(crate) fn variables(_: &mut SchemaGenerator) -> Schema {
    map(
        &text(
            "^[A-Za-z_][A-Za-z0-9_]*$",
            "a variable's name is letters, digits and _, and does not begin with a digit",
        ),
        &text("^[^\\x00]*$", "a variable's value is text without NUL"),
        1000,
    )
}

/// An hour at most, as the service takes it: longer is a mistake in the unit.
const HOUR: u64 = 3_600_000;

pub(crate) fn deadline(_: &mut SchemaGenerator) -> Schema {
    whole(1, HOUR, "a deadline is a whole number of milliseconds from 1 to 3600000 (an hour)")
}

pub(crate) fn delay(_: &mut SchemaGenerator) -> Schema {
    whole(0, HOUR, "a delay is a whole number of milliseconds from 0 to 3600000 (an hour)")
}

pub(crate) fn connections(_: &mut SchemaGenerator) -> Schema {
    whole(1, 1_000_000, "a number of connections is a whole number from 1 to 1000000")
}

pub(crate) fn header_bytes(_: &mut SchemaGenerator) -> Schema {
    whole(256, 1_048_576, "the size of a header is a whole number of bytes from 256 to 1048576")
}

pub(crate) fn body_bytes(_: &mut SchemaGenerator) -> Schema {
    whole(0, 1 << 40, "the size of a body is a whole number of bytes from 0 to 1099511627776")
}

pub(crate) fn networks(_: &mut SchemaGenerator) -> Schema {
    let right = "a network is an address with or without a prefix length, such as 10.0.0.0/8, fd00::/8 or 192.0.2.7";
    let mut network = text("^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$", right);
    network.insert("format".into(), "cidr".into());
    list(&network)
}

pub(crate) fn hosts(_: &mut SchemaGenerator) -> Schema {
    let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    let mut host = text(
        &format!(r"^((\*\.)?{label}(\.{label})*|\[[0-9A-Fa-f:.]+\])$"),
        "a host is a name or an address as in the Host header, without port, such as example.com, *.example.com or [::1]",
    );
    host.insert("format".into(), "host".into());
    host.insert("maxLength".into(), 255.into());
    list(&host)
}

/// The domain as in the distribution project's `reference` package, the path as in the OCI
/// distribution spec, "Pulling manifests".
pub(crate) fn repository(_: &mut SchemaGenerator) -> Schema {
    let host = r"([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?";
    let part = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*";
    let mut schema = text(
        &format!("^({host}/)?{part}(/{part})*$"),
        "a repository is [host[:port]/]path in lower case, without tag or digest, such as docker.io/acme/web",
    );
    schema.insert("maxLength".into(), 255.into());
    schema
}

/// OCI distribution spec, "Pulling manifests": the tag.
pub(crate) fn tags(_: &mut SchemaGenerator) -> Schema {
    let tag = text(
        "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$",
        "a tag is 1 to 128 of letters, digits, _, . and -, and begins with none of the last two",
    );
    let mut schema = list(&tag);
    schema.insert("minItems".into(), 1.into());
    schema
}

/// OCI image spec, image index, `platform`: GOOS, GOARCH and the variant. Those that `image build`
/// has a target for.
pub(crate) fn platforms(_: &mut SchemaGenerator) -> Schema {
    let platform = text(
        "^linux/(386|amd64(/v1)?|arm(/v[67])?|arm64(/v8)?|ppc64le|riscv64|s390x)$",
        "a platform is linux/arch[/variant] in OCI's names, such as linux/amd64 (x86_64), linux/arm64 (aarch64) or linux/arm/v7",
    );
    let mut schema = list(&platform);
    schema.insert("minItems".into(), 1.into());
    schema
}

/// The upper bound is Kubernetes' for `runAsUser`.
pub(crate) fn user(_: &mut SchemaGenerator) -> Schema {
    whole(
        10_000,
        2_147_483_647,
        "a user id is a whole number from 10000 to 2147483647, so that it is nobody's on the host",
    )
}

pub(crate) fn labels(_: &mut SchemaGenerator) -> Schema {
    map(
        &text(
            "^[A-Za-z0-9]([A-Za-z0-9._/-]{0,251}[A-Za-z0-9])?$",
            "a label's name is 1 to 253 letters, digits, ., _, / and -, with a letter or digit at both ends, such as com.example.team",
        ),
        &text("^[^\\x00]*$", "a label's value is text without NUL"),
        1000,
    )
}

pub(crate) fn path(_: &mut SchemaGenerator) -> Schema {
    text("^[^\\x00]+$", "a path is text that is not empty")
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

/// RFC 1123 §2.1; the last label begins with a letter, so that it is no IP address, which an
/// Ingress does not take.
pub(crate) fn host_name(_: &mut SchemaGenerator) -> Schema {
    let label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
    let mut schema = text(
        &format!(r"^({label}\.)*[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?$"),
        "a host name is a DNS name in lower case, such as web.example.com",
    );
    schema.insert("maxLength".into(), 253.into());
    schema
}

pub(crate) fn environments(sections: &Schema) -> Schema {
    let name = text(
        DNS_LABEL,
        "an environment's name is 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends",
    );
    let mut schema = map(&name, sections, 100);
    let meaning = "Environments: `[environment.NAME.service]` and so on lie over the sections when NAME is chosen. Tables are merged, all else is replaced.";
    schema.insert("description".into(), meaning.into());
    schema
}
