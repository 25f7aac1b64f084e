//! Which value wins, and where it is said to come from.

use std::collections::BTreeMap;

use skyward_config::{Compression, Config, Input, LogFormat, Origin, Resolved, resolve};

const FILE: &str = r#"
[service]
port = 1
log_format = "common"
args = ["--a", "--b"]
env = { A = "file", B = "file", C = "file", D = "file" }

[image.labels]
"com.example.team" = "web"

[environment.staging.service]
port = 2
args = ["--c"]
env = { B = "environment", C = "environment", D = "environment" }

[environment.other.service]
port = 7
"#;

#[track_caller]
fn resolved(
    text: &str,
    environment: Option<&str>,
    variables: &[(&str, &str)],
    flags: &[&str],
) -> Resolved {
    let variables: Vec<_> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let flags: Vec<_> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let origin = Origin::Flag("--environment");
    resolve(&Input {
        file: "skyward.toml",
        bytes: text.as_bytes(),
        environment: environment.map(|name| (name, &origin)),
        variables: &variables,
        flags: &flags,
    })
    .unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn an_empty_file_is_all_defaults() {
    for text in ["", "\n", "# nothing\n", "[service]\n[image]\n"] {
        let resolved = resolved(text, None, &[], &[]);
        assert_eq!(resolved.config, Config::default());
        assert_eq!(resolved.origins.of("service.port"), Origin::Default);
    }
}

#[test]
fn the_defaults_are_what_the_brief_asks() {
    let Config { service, image, .. } = Config::default();
    assert_eq!(
        (service.host.to_string().as_str(), service.port, service.admin_port),
        ("0.0.0.0", 8000, 9000)
    );
    assert_eq!((service.log_format, service.binary()), (LogFormat::Default, "skyward-service"));
    assert_eq!(
        (image.repository.as_str(), image.tags, image.user),
        ("skyward-service", vec!["latest".to_owned()], 65532)
    );
    assert_eq!(
        (image.compression, image.platforms, image.sbom),
        (Compression::Gzip, vec!["linux/amd64".to_owned()], true)
    );
}

#[test]
fn each_layer_lies_over_the_one_before() {
    let variables = [
        ("SKYWARD_SERVICE__PORT", "3"),
        ("SKYWARD_SERVICE__ENV__C", "variable"),
        ("SKYWARD_SERVICE__ENV__D", "variable"),
    ];
    let flags = ["service.port=4", "service.env.D=flag=4"];
    for (environment, variables, flags, port, origin) in [
        (None, &variables[..0], &flags[..0], 1, "skyward.toml:3"),
        (Some("staging"), &variables[..0], &flags[..0], 2, "skyward.toml:12 (environment staging)"),
        (Some("staging"), &variables, &flags[..0], 3, "SKYWARD_SERVICE__PORT"),
        (Some("staging"), &variables, &flags, 4, "--set"),
        (None, &variables[..0], &flags, 4, "--set"),
    ] {
        let resolved = resolved(FILE, environment, variables, flags);
        assert_eq!(resolved.config.service.port, port);
        assert_eq!(resolved.origins.of("service.port").to_string(), origin);
    }
}

#[test]
fn tables_are_merged_and_lists_replaced() {
    let variables =
        [("SKYWARD_SERVICE__ENV__C", "variable"), ("SKYWARD_SERVICE__ENV__D", "variable")];
    let resolved = resolved(FILE, Some("staging"), &variables, &["service.env.D=flag=4"]);
    let service = resolved.config.service;
    assert_eq!(service.args, ["--c"]);
    assert_eq!(service.log_format, LogFormat::Common, "the environment does not say");
    let expected = [("A", "file"), ("B", "environment"), ("C", "variable"), ("D", "flag=4")];
    assert_eq!(
        service.env,
        BTreeMap::from(expected.map(|(name, value)| (name.to_owned(), value.to_owned())))
    );
    for (name, origin) in [
        ("A", "skyward.toml:6"),
        ("B", "skyward.toml:14 (environment staging)"),
        ("C", "SKYWARD_SERVICE__ENV__C"),
        ("D", "--set"),
    ] {
        assert_eq!(resolved.origins.of(&format!("service.env.{name}")).to_string(), origin);
    }
    assert_eq!(resolved.environments, ["other", "staging"]);
}

#[test]
fn a_text_is_read_as_its_key_asks() {
    let set = |flag: &str| resolved("", None, &[], &[flag]).config;
    assert_eq!(set("service.binary=web").service.binary(), "web");
    assert!(!set("image.sbom=false").image.sbom);
    assert_eq!(set("aws.account=123456789012").aws.account.as_deref(), Some("123456789012"));
    assert_eq!(set("service.args=").service.args, [""; 0]);
    assert_eq!(set("service.args=--a, --b").service.args, ["--a", "--b"]);
    assert_eq!(set("service.args=[\"a,b\", 'c']").service.args, ["a,b", "c"]);
    assert_eq!(set("service.env={ A = \"1\", B = \"2\" }").service.env.len(), 2);
    assert_eq!(set("image.labels.com.example.team=web").image.labels["com.example.team"], "web");
    assert_eq!(set("service.allowed_hosts=").service.allowed_hosts, Some(Vec::new()));
    assert_eq!(set("service.host=::1").service.host.to_string(), "::1");
}

#[test]
fn the_same_key_twice_by_flag_is_the_last() {
    assert_eq!(
        resolved("", None, &[], &["service.port=1", "service.port=2"]).config.service.port,
        2
    );
}

#[test]
fn variables_of_others_are_passed_over() {
    // What Kubernetes gives every pod for a Service called skyward-service.
    let variables = [
        ("SKYWARD_SERVICE_PORT", "tcp://10.43.0.7:80"),
        ("SKYWARD_SERVICE_SERVICE_HOST", "10.43.0.7"),
        ("SKYWARD_PORT", "tcp://10.43.0.7:80"),
        ("SKYWARD_CONFIG", "x"),
        ("SKYWARDS__PORT", "x"),
        ("PATH", "/bin"),
    ];
    assert_eq!(resolved("", None, &variables, &[]).config, Config::default());
}

#[test]
fn numbers_in_every_form_of_toml() {
    for form in ["8_000", "0x1F40", "0o17500", "0b1111101000000", "+8000"] {
        assert_eq!(
            resolved(&format!("service.port = {form}"), None, &[], &[]).config.service.port,
            8000,
            "{form}"
        );
    }
}

#[test]
fn an_environment_takes_away_what_the_file_gave() {
    const TEXT: &str = r#"
[k3s]
host = "web.example.com"
replicas = 5
labels = { "example.com/team" = "web", tier = "1" }
[aws]
tags = { a = "b" }
[environment.dev]
unset = ["k3s.host", "k3s.replicas", 'k3s.labels."example.com/team"', "aws.tags", "k3s.context"]
[environment.dev.aws]
tags = { c = "d" }
"#;
    let plain = resolved(TEXT, None, &[], &[]);
    assert_eq!(plain.config.k3s.host.as_deref(), Some("web.example.com"));
    let dev = resolved(TEXT, Some("dev"), &[], &[]);
    assert_eq!((dev.config.k3s.host, dev.config.k3s.replicas), (None, 2));
    assert_eq!(dev.origins.of("k3s.host"), Origin::Default);
    assert_eq!(dev.config.k3s.labels.into_keys().collect::<Vec<_>>(), ["tier"]);
    assert_eq!(dev.config.aws.tags.into_keys().collect::<Vec<_>>(), ["c"]);
    // What lies above it still wins.
    let set = resolved(TEXT, Some("dev"), &[], &["k3s.host=other.example.com"]);
    assert_eq!(set.config.k3s.host.as_deref(), Some("other.example.com"));
}

#[test]
fn a_variable_that_is_empty_is_not_given_where_nothing_is_no_value() {
    let variables = [
        ("SKYWARD_K3S__HOST", ""),
        ("SKYWARD_K3S__REPLICAS", ""),
        ("SKYWARD_IMAGE__SBOM", ""),
        ("SKYWARD_SERVICE__LOG_FORMAT", ""),
        // Nothing is a value of these.
        ("SKYWARD_SERVICE__ARGS", ""),
        ("SKYWARD_SERVICE__ENV__B", ""),
    ];
    let text = FILE.to_owned() + "[k3s]\nhost = \"web.example.com\"\n";
    let Resolved { config, notes, .. } = resolved(&text, None, &variables, &[]);
    assert_eq!(config.k3s.host.as_deref(), Some("web.example.com"));
    assert_eq!((config.k3s.replicas, config.image.sbom), (2, true));
    assert_eq!((config.service.args.len(), config.service.env["B"].as_str()), (0, ""));
    let named: Vec<_> = notes.iter().filter_map(|note| note.split(' ').next()).collect();
    assert_eq!(
        named,
        variables[..4].iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        "{notes:?}"
    );
}

#[test]
fn a_flag_takes_a_key_as_it_is_shown() {
    let key = r#"k3s.labels."example.com/team""#;
    for flag in [format!("{key}=web"), "k3s.labels.example.com/team=web".to_owned()] {
        let resolved = resolved("", None, &[], &[&flag]);
        assert_eq!(resolved.config.k3s.labels["example.com/team"], "web", "{flag}");
    }
    let file = resolved("", None, &[], &[r#"k3s.files."/etc/app.toml"=deploy/a=b.toml"#]);
    assert_eq!(file.config.k3s.files["/etc/app.toml"], "deploy/a=b.toml");
}
