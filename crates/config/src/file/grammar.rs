//! The forms of values, as JSON Schema. Each says in `errorMessage` what would be right (editors
//! show it too).

mod aws;
mod k3s;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

use crate::{Form, HealthWord};

pub(crate) use aws::*;
pub(crate) use k3s::*;

/// RFC 1123 §2.1, as Kubernetes asks of names: 1 to 63 of `a-z`, `0-9` and inner `-`.
const DNS_LABEL: &str = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

fn text(pattern: &str, right: &str) -> Schema {
    json_schema!({"type": "string", "pattern": pattern, "errorMessage": right})
}

/// Text whose form a pattern alone only comes near to.
fn formatted(pattern: &str, format: &str, right: &str) -> Schema {
    let mut schema = text(pattern, right);
    schema.insert("format".into(), format.into());
    schema
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

/// The name of a cargo package or binary, as cargo checks it for a new one (ASCII only here: it
/// becomes a file name in the image).
pub(crate) fn package(_: &mut SchemaGenerator) -> Schema {
    text(
        "^[A-Za-z_][A-Za-z0-9_-]{0,63}$",
        "a package or binary is 1 to 64 letters, digits, - and _, and begins with a letter",
    )
}

pub(crate) fn binaries(generator: &mut SchemaGenerator) -> Schema {
    list(&package(generator))
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

/// A DNS label that begins with a letter, or characters of a host: near what [`Form`] itself reads.
const NAME: &str = "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$";
const HOST: &str = r"^((\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])$";

/// The schema of a setting's form.
pub(crate) fn form(form: &Form) -> Schema {
    let right = form.to_string();
    match *form {
        Form::Address => formatted("^[0-9A-Fa-f:.]+$", "ip", &right),
        Form::Name => text(NAME, &right),
        Form::Word(words) => {
            let word = |(word, meaning): &(&str, &str)| json!({"const": word, "description": meaning, "type": "string"});
            json_schema!({"oneOf": words.iter().map(word).collect::<Vec<_>>()})
        }
        Form::Whole { least, most, .. } => whole(least, most, &right),
        Form::Networks => list(&formatted("^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$", "cidr", &right)),
        Form::Hosts => {
            let mut host = formatted(HOST, "host", &right);
            host.insert("maxLength".into(), 255.into());
            list(&host)
        }
    }
}

/// `service.health`: a word, or a table of paths.
pub(crate) fn health() -> Schema {
    let word = |(word, meaning): &(&str, &str)| json!({"const": word, "description": meaning, "type": "string"});
    let words: Vec<_> = HealthWord::WORDS.iter().map(word).collect();
    let key = |mut schema: Schema, meaning: &str| {
        schema.insert("description".into(), meaning.into());
        schema
    };
    let port = whole(1, 65_535, "a port is a whole number from 1 to 65535");
    let start = whole(1, 3600, "it is a whole number of seconds from 1 to 3600 (an hour)");
    let paths = json_schema!({
        "type": "object",
        "properties": {
            "ready": key(url(), "Answers 200 while the service takes requests. Without it: `live`; without both: /readyz."),
            "live": key(url(), "Answers 200 while the process need not be restarted. Without it: `ready`; without both: /livez."),
            "port": key(port, "The port of both. Without it: `service.port`; where neither path is given, `service.admin_port`."),
            "start_s": key(start, "Seconds that the service may take to start. Without it: 30 on this machine, 60 on Kubernetes."),
        },
        "additionalProperties": false,
    });
    json_schema!({
        "anyOf": [{"oneOf": words}, paths],
        "errorMessage": "it is \"tcp\", \"none\", or a table such as { ready = \"/health\", live = \"/health\", port = 8000, start_s = 60 }",
    })
}

pub(crate) fn networks(_: &mut SchemaGenerator) -> Schema {
    form(&Form::Networks)
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

/// The keys that an environment takes away. Which ones there are is looked at when it is read.
pub(crate) fn unset() -> Schema {
    let mut schema = list(&text(
        "^(service|image|k3s|aws)\\..+$",
        "it is a key with its section, such as \"k3s.host\" or 'k3s.labels.\"example.com/team\"'",
    ));
    let meaning = "Keys that hold nothing here, whatever the sections say: their default holds, or what the environment gives itself.";
    schema.insert("description".into(), meaning.into());
    schema
}

pub(crate) fn environments(sections: &Schema) -> Schema {
    let name = text(
        DNS_LABEL,
        "an environment's name is 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends",
    );
    let mut schema = map(&name, sections, 100);
    let meaning = "Environments: `[environment.NAME.service]` and so on lie over the sections when NAME is chosen. Tables are merged, all else is replaced. `unset` takes away what the sections gave.";
    schema.insert("description".into(), meaning.into());
    schema
}
