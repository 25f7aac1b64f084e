use skyward_config::{Input, Origin};

use crate::{EMPTY, problems};

#[test]
fn an_environment_that_is_not_there() {
    let flag = Origin::Flag("--environment");
    let variable = Origin::Variable("SKYWARD_ENVIRONMENT".into());
    let file = b"[environment.production.service]\n[environment.staging.service]\n";
    for (bytes, name, origin, expected) in [
        (
            &b""[..],
            "staging",
            &flag,
            "--environment: environment: \"staging\" is not in skyward.toml; the file has none: add [environment.staging.service]",
        ),
        (
            file,
            "test",
            &variable,
            "SKYWARD_ENVIRONMENT: environment: \"test\" is not in skyward.toml; there are production, staging",
        ),
        (
            file,
            "stagin",
            &flag,
            "--environment: environment: \"stagin\" is not in skyward.toml; did you mean staging? there are production, staging",
        ),
    ] {
        assert_eq!(problems(Input { bytes, environment: Some((name, origin)), ..EMPTY }), expected);
    }
}

#[test]
fn variables_that_are_wrong() {
    let array = "it is a list in brackets, such as [\"a\", \"b\"]";
    for (name, value, expected) in [
        (
            "SKYWARD_SERVICE__PORT",
            "80x",
            "service.port: \"80x\" is text; a port is a whole number from 0 to 65535",
        ),
        (
            "SKYWARD_SERVICE__PORT",
            "70000",
            "service.port: 70000 is out of range; a port is a whole number from 0 to 65535",
        ),
        ("SKYWARD_SERVICE__PROT", "1", "service.prot: unknown key; did you mean port?"),
        ("SKYWARD_SERVCE__PORT", "1", "servce: unknown key; did you mean service?"),
        (
            "SKYWARD_SERVICE__PORT__X",
            "1",
            "service.port.x: unknown key; service.port is a single value",
        ),
        (
            "SKYWARD_SERVICE__",
            "1",
            "service.\"\": unknown key; the keys here are admin_port, allowed_hosts, args, binary, body_timeout_ms, drain_cap_ms, drain_delay_ms, drain_grace_ms, env, header_timeout_ms, health, host, idle_timeout_ms, log_format, max_body_bytes, max_connections, max_connections_per_client, max_header_bytes, max_upgrades, min_rate_bytes, name, package, port, request_timeout_ms, threads, trusted_proxies, upgrade_idle_timeout_ms, write_timeout_ms",
        ),
        ("SKYWARD_SERVICE__ARGS", "[\"a\"", &*format!("service.args: unclosed array; {array}")),
        ("SKYWARD_IMAGE__TAGS", "", "image.tags: the list is empty; it needs at least 1 item"),
        (
            "SKYWARD_IMAGE__SBOM",
            "yes",
            "image.sbom: \"yes\" is text; it is true or false, without quotes",
        ),
        (
            "SKYWARD_SERVICE__ENV",
            "A=1",
            "service.env: \"A=1\" is text; it is a table of names and values, such as { name = \"value\" }",
        ),
        (
            "SKYWARD_SERVICE__ENV__1A",
            "1",
            "service.env.1A: \"1A\" is not valid; a variable's name is letters, digits and _, and does not begin with a digit",
        ),
        (
            "SKYWARD_ENVIRONMENT__STAGING__SERVICE__PORT",
            "1",
            "environment: the values of an environment are in the file alone; set the effective key, such as service.port",
        ),
    ] {
        let variables = [(name.to_owned(), value.to_owned())];
        assert_eq!(
            problems(Input { variables: &variables, ..EMPTY }),
            format!("{name}: {expected}")
        );
    }
}

#[test]
fn flags_that_are_wrong() {
    for (flag, expected) in [
        (
            "service.port=70000",
            "service.port: 70000 is out of range; a port is a whole number from 0 to 65535",
        ),
        (
            "service.port=9000",
            "service.port: 9000 is both the port of the service and that of its probes; the two must differ, or be 0",
        ),
        (
            "service.port",
            "service.port: the value is missing; write --set section.key=value, such as --set service.port=8081",
        ),
        ("service=1", "service: that is a whole section; name one key of it, such as service.port"),
        ("port=1", "port: unknown key; port is a key of [service]"),
        ("=1", "\"\": unknown key; the keys here are aws, environment, image, k3s, service"),
    ] {
        assert_eq!(
            problems(Input { flags: &[flag.to_owned()], ..EMPTY }),
            format!("--set: {expected}")
        );
    }
}
