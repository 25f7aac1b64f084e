//! The forms of `[[k3s.machine]]` and of how k3s is set up.

use schemars::{Schema, SchemaGenerator};

use super::{list, map, text, whole};

/// No leading `-`, which ssh would read as an option.
pub(crate) fn ssh_address(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[A-Za-z0-9_:\\[]([A-Za-z0-9._:%\\]-]{0,252})$",
        "an address is a host name, an IP address or a Host of ssh_config, without user and port",
    )
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
    let mut schema = text("^[0-9A-Fa-f:.]+$", "it is an IP address, such as 10.0.0.11 or fd00::11");
    schema.insert("format".into(), "ip".into());
    schema
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
