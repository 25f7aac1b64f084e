use skyward_config::{Input, resolve};

use crate::{EMPTY, check, problems};

/// A line of configuration, and below it what is said of it.
#[test]
fn values_that_are_wrong() {
    let lines: Vec<&str> = include_str!("values.txt").lines().collect();
    for case in lines.chunks(2) {
        let [line, expected] = case else { panic!("{case:?} is half a case") };
        check(line, &format!("skyward.toml:1: {}", expected.trim_start()));
    }
    assert_eq!(lines.len(), 90, "all of them");
}

#[test]
fn a_long_value_is_shortened() {
    let text = problems(Input {
        bytes: format!("k3s.host = \"{}\"", "ä".repeat(254)).as_bytes(),
        ..EMPTY
    });
    let shown = "ä".repeat(60);
    assert_eq!(
        text,
        format!(
            "skyward.toml:1: k3s.host: \"{shown}…\" is too long: 254 characters; a host name is a DNS name in lower case, such as web.example.com"
        )
    );
}

#[test]
fn repositories_follow_the_distribution_spec() {
    for right in [
        "web",
        "acme/web",
        "docker.io/acme/web",
        "localhost:5000/a/b__c",
        "[::1]:5000/web",
        "Registry.Example/a-b",
    ] {
        let text = format!("image.repository = \"{right}\"");
        assert!(resolve(&Input { bytes: text.as_bytes(), ..EMPTY }).is_ok(), "{right}");
    }
    for wrong in [
        "",
        "Web",
        "acme/Web",
        "web:1",
        "docker.io/acme/web@sha256:00",
        "a//b",
        "/a",
        "a/",
        "a..b",
        "a_-b",
        "https://docker.io/a",
    ] {
        check(
            &format!("image.repository = \"{wrong}\""),
            &format!(
                "skyward.toml:1: image.repository: \"{wrong}\" is not valid; a repository is [host[:port]/]path in lower case, without tag or digest, such as docker.io/acme/web"
            ),
        );
    }
}

#[test]
fn networks_and_hosts_of_clients() {
    for (line, is_right) in [
        ("service.trusted_proxies = [\"10.0.0.0/8\", \"fd00::/8\", \"192.0.2.7\", \"::1\"]", true),
        ("service.trusted_proxies = []", true),
        ("service.trusted_proxies = [\"10.0.0.0/33\"]", false),
        ("service.trusted_proxies = [\"fd00::/129\"]", false),
        ("service.trusted_proxies = [\"10.0.0.0/+8\"]", false),
        ("service.trusted_proxies = [\"10.0.0.0/\"]", false),
        ("service.trusted_proxies = [\"traefik\"]", false),
        (
            "service.allowed_hosts = [\"example.com\", \"*.example.com\", \"192.0.2.7\", \"[::1]\"]",
            true,
        ),
        ("service.allowed_hosts = [\"example.com:80\"]", false),
        ("service.allowed_hosts = [\"a b\"]", false),
        ("service.allowed_hosts = [\"*\"]", false),
        ("service.allowed_hosts = [\"[:::]\"]", false),
        ("k3s.host = \"web.example.com\"", true),
        ("k3s.host = \"192.0.2.7\"", false),
        ("k3s.host = \"web_1.example.com\"", false),
    ] {
        assert_eq!(resolve(&Input { bytes: line.as_bytes(), ..EMPTY }).is_ok(), is_right, "{line}");
    }
}

#[test]
fn keys_that_are_not_there() {
    for (text, expected) in [
        ("[servce]", "skyward.toml:1: servce: unknown key; did you mean service?"),
        ("[service]\nprot = 1", "skyward.toml:2: service.prot: unknown key; did you mean port?"),
        (
            "[service]\nadmin-port = 1",
            "skyward.toml:2: service.admin-port: unknown key; did you mean admin_port?",
        ),
        ("[service]\nPORT = 1", "skyward.toml:2: service.PORT: unknown key; did you mean port?"),
        ("port = 1", "skyward.toml:1: port: unknown key; port is a key of [service]"),
        (
            "[service]\nreplicas = 1",
            "skyward.toml:2: service.replicas: unknown key; replicas is a key of [k3s]",
        ),
        (
            "[aws]\ncolour = 1",
            "skyward.toml:2: aws.colour: unknown key; the keys here are account, backup_days, certificate, database_class, database_engine, database_iops, database_storage, database_storage_gib, database_url_file, deletion_protection, egress, health_grace_s, health_path, instance_type, instances, logs, max_instances, name, network, policies, port, region, restore_from, root_volume_gib, run, single_nat_gateway, tags, target_cpu, user_data, zones",
        ),
        (
            "[environment.staging.environment.x]",
            "skyward.toml:1: environment.staging.environment: unknown key; the keys here are aws, image, k3s, service, unset",
        ),
        (
            "[service]\n\"\" = 1\n[aws]",
            "skyward.toml:2: service.\"\": unknown key; the keys here are admin_port, allowed_hosts, args, binary, body_timeout_ms, drain_cap_ms, drain_delay_ms, drain_grace_ms, env, header_timeout_ms, health, host, idle_timeout_ms, log_format, max_body_bytes, max_connections, max_connections_per_client, max_header_bytes, max_upgrades, min_rate_bytes, name, package, port, request_timeout_ms, threads, trusted_proxies, upgrade_idle_timeout_ms, write_timeout_ms",
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn rules_over_several_keys() {
    for (text, expected) in [
        (
            "[service]\nport = 80\nadmin_port = 80",
            "skyward.toml:3: service.admin_port: 80 is both the port of the service and that of its probes; the two must differ, or be 0",
        ),
        (
            "[service]\nport = 9000",
            "skyward.toml:2: service.port: 9000 is both the port of the service and that of its probes; the two must differ, or be 0",
        ),
        (
            "[service]\ndrain_delay_ms = 5\ndrain_cap_ms = 4",
            "skyward.toml:3: service.drain_cap_ms: the delay of 5 ms is longer than the cap of 4 ms; both count from the same signal, so the delay must not be longer",
        ),
        (
            "k3s.host = \"a.b\"\nservice.allowed_hosts = [\"c.d\"]",
            "skyward.toml:2: service.allowed_hosts: the service would refuse k3s.host \"a.b\"; service.allowed_hosts is empty or holds it",
        ),
        (
            "service.env.SKYWARD_SERVICE__PORT = \"1\"",
            "skyward.toml:1: service.env.SKYWARD_SERVICE__PORT: the service reads that as a setting; set service.port instead",
        ),
        // In an environment that nobody asked for: the base alone is fine.
        (
            "[environment.staging.service]\nport = 9000",
            "skyward.toml:2: environment.staging.service.port: 9000 is both the port of the service and that of its probes; the two must differ, or be 0",
        ),
        // A wrong value is said to be wrong; that its default collides with another is no second
        // mistake.
        (
            "[service]\nport = \"x\"\nadmin_port = 8000",
            "skyward.toml:2: service.port: \"x\" is text; a port is a whole number from 0 to 65535",
        ),
    ] {
        check(text, expected);
    }
    for right in [
        "k3s.host = \"a.b\"\nservice.allowed_hosts = [\"c\", \"A.b\"]",
        "k3s.host = \"a.b.c\"\nservice.allowed_hosts = [\"*.B.c\"]",
        "service.drain_delay_ms = 5\nservice.drain_cap_ms = 5",
        "service.args = [\"-v\", \"-v\"]",
    ] {
        assert!(resolve(&Input { bytes: right.as_bytes(), ..EMPTY }).is_ok(), "{right}");
    }
    assert!(
        resolve(&Input { bytes: b"service.port = 0\nservice.admin_port = 0", ..EMPTY }).is_ok()
    );
}

#[test]
fn rules_of_aws() {
    for (text, expected) in [
        (
            "[aws]\ninstances = 7",
            "skyward.toml:2: aws.instances: max_instances is less than instances; instances is the least and max_instances the most",
        ),
        (
            "[aws]\nzones = [\"eu-central-1a\"]",
            "skyward.toml:2: aws.zones: 1 zones are named; the topology has three",
        ),
        (
            "[aws]\nzones = [\"us-east-1a\", \"us-east-1b\", \"us-east-1c\"]",
            "skyward.toml:2: aws.zones: \"us-east-1a\" is not a zone of the region \"eu-central-1\"",
        ),
        (
            "[aws]\nnetwork = \"10.20.1.0/16\"",
            "skyward.toml:2: aws.network: \"10.20.1.0/16\" has bits set behind its prefix; the network begins at 10.20.0.0",
        ),
        (
            "[aws]\ndatabase_iops = 4000",
            "skyward.toml:2: aws.database_iops: 4000 operations a second cannot be provisioned with gp3 below 400 GiB, which has 3000 of its own; leave the key out, or take io1 or 400 GiB",
        ),
        (
            "[aws]\ndatabase_storage_gib = 400\ndatabase_iops = 4000",
            "skyward.toml:3: aws.database_iops: 4000 is out of range; gp3 from 400 GiB on has 12000 to 64000 operations a second",
        ),
        (
            "[aws]\nname = \"a--b\"",
            "skyward.toml:2: aws.name: \"a--b\" is not valid; a stack's name is 1 to 20 of a-z, 0-9 and -, begins with a letter, has no two - in a row and does not end with -",
        ),
        (
            "[aws]\nname = \"sg-web\"",
            "skyward.toml:2: aws.name: the name of each security group begins with the stack's, \"sg-web\", and AWS refuses names that begin with sg-",
        ),
        (
            "[aws]\nname = \"sg\"",
            "skyward.toml:2: aws.name: the name of each security group begins with the stack's, \"sg\", and AWS refuses names that begin with sg-",
        ),
        (
            "[aws]\nname = \"sthree-x\"",
            "skyward.toml:2: aws.name: the name of the bucket begins with the stack's, \"sthree-x\", and AWS refuses names that begin with sthree-",
        ),
        (
            "[aws]\nname = \"amzn-s3-demo\"",
            "skyward.toml:2: aws.name: the name of the bucket begins with the stack's, \"amzn-s3-demo\", and AWS refuses names that begin with amzn-s3-demo-",
        ),
        (
            "[aws]\nname = \"internal\"",
            "skyward.toml:2: aws.name: the name of the load balancer begins with the stack's, \"internal\", and AWS refuses names that begin with internal-",
        ),
        (
            "[aws]\ncertificate = \"arn:aws:acm:us-east-1:123456789012:certificate/1\"",
            "skyward.toml:2: aws.certificate: the certificate is in the region \"us-east-1\", and the load balancer, which takes one of its own region alone, in \"eu-central-1\"",
        ),
        (
            "[aws]\naccount = \"999999999999\"\ncertificate = \"arn:aws:iam::123456789012:server-certificate/a\"",
            "skyward.toml:3: aws.certificate: the certificate is of the account \"123456789012\", and a load balancer takes one of its own account, \"999999999999\", alone",
        ),
        (
            "[aws.tags]\n\"skyward:stack\" = \"x\"",
            "skyward.toml:2: aws.tags.\"skyward:stack\": tags that begin with aws: are AWS's own, those with skyward: mark what is ours, and Name is made from aws.name",
        ),
    ] {
        check(text, expected);
    }
    for right in [
        "aws.database_iops = 12000\naws.database_storage_gib = 400",
        "aws.database_iops = 1000\naws.database_storage = \"io1\"",
        "aws.name = \"a-b-c1-d2\"",
        "aws.name = \"sgx\"",
        "aws.name = \"sthreex\"",
        "aws.name = \"internals-2\"",
        "aws.certificate = \"arn:aws:iam::123456789012:server-certificate/a\"",
    ] {
        assert!(resolve(&Input { bytes: right.as_bytes(), ..EMPTY }).is_ok(), "{right}");
    }
}

#[test]
fn snapshots_and_ways_out_of_aws() {
    for (text, expected) in [
        (
            "[aws]\nrestore_from = \"rds:web\"",
            "skyward.toml:2: aws.restore_from: \"rds:web\" is not valid; a snapshot's name is 1 to 63 of a-z, 0-9 and -, such as web-database-20261130-120000",
        ),
        (
            "[aws]\negress = [\"10.8.0.1/16:5000\"]",
            "skyward.toml:2: aws.egress: \"10.8.0.1/16:5000\" is not a network and its ports; the address ends with its prefix, such as 10.8.0.0/16",
        ),
        (
            "[aws]\negress = [\"10.8.0.0/16:5010-5000\"]",
            "skyward.toml:2: aws.egress: \"10.8.0.0/16:5010-5000\" has no ports from 1 to 65535, the first before the last",
        ),
        (
            "[aws]\negress = [\"10.8.0.0/16:70000\"]",
            "skyward.toml:2: aws.egress: \"10.8.0.0/16:70000\" has no ports from 1 to 65535, the first before the last",
        ),
        (
            "[aws]\nrun = \"service\"\negress = [\"10.8.0.0/16:443\"]",
            "skyward.toml:3: aws.egress: the instances fetch the service, and reach the AWS API, at 0.0.0.0/0:443; add that",
        ),
    ] {
        check(text, expected);
    }
    for right in [
        "aws.run = \"service\"\naws.egress = [\"0.0.0.0/0:400-500\", \"10.8.0.0/16:1-65535\"]",
        "aws.egress = []",
        "aws.restore_from = \"web-database-20261130-120000\"",
    ] {
        assert!(resolve(&Input { bytes: right.as_bytes(), ..EMPTY }).is_ok(), "{right}");
    }
}

#[test]
fn too_many_environments() {
    let environments: Vec<_> = (0..101).map(|number| format!("[environment.e{number}]")).collect();
    check(
        &environments.join("\n"),
        "skyward.toml:1: environment: 101 entries are too many; at most 100 are allowed",
    );
}

/// A machine's address is what ssh takes; its user and port are keys of their own.
#[test]
fn a_machine_is_named_as_ssh_names_it() {
    let with = |key: &str, value: &str| {
        let address = if key == "address" { value } else { "a" };
        let other = if key == "address" { String::new() } else { format!(", {key} = \"{value}\"") };
        let text = format!("k3s.machine = [{{ address = \"{address}\"{other} }}]");
        resolve(&Input { bytes: text.as_bytes(), ..EMPTY })
            .map(drop)
            .map_err(|_| problems(Input { bytes: text.as_bytes(), ..EMPTY }))
    };
    for right in ["10.0.0.1", "::1", "fd00::11", "fe80::1%eth0", "web-1.example.com", "desk_top"] {
        assert_eq!(with("address", right), Ok(()), "{right}");
    }
    for wrong in ["[::1]", "10.0.0.1:2222", "web:22", "a@b", "-oProxyCommand=x"] {
        let said = with("address", wrong).expect_err(wrong);
        assert!(said.contains("`user` and `port`"), "{wrong}: {said}");
    }
    assert_eq!(with("name", &"a".repeat(63)), Ok(()));
    for wrong in ["a".repeat(64), "my_host".to_owned(), "Web".to_owned()] {
        let said = with("name", &wrong).expect_err("it is wrong");
        assert!(said.contains("a node's name is 1 to 63"), "{said}");
    }
}

#[test]
fn an_endpoint_is_a_host_alone() {
    let with = |value: &str| {
        let text = format!("k3s.endpoint = \"{value}\"");
        resolve(&Input { bytes: text.as_bytes(), ..EMPTY }).is_ok()
    };
    assert!(["cluster.example.com", "10.0.0.10", "fd00::10"].into_iter().all(with));
    assert!(!["https://a", "a:6443", "[::1]", "A", ""].into_iter().any(with));
}
