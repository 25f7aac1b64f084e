//! `service.health` and the names that follow from others, as the file says them.

use skyward_config::{Ask, Config, Input, ProbePort, Probes, resolve};

fn read(text: &str, flags: &[&str]) -> Result<Config, String> {
    let flags: Vec<_> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let input = Input {
        file: "skyward.toml",
        bytes: text.as_bytes(),
        environment: None,
        variables: &[],
        flags: &flags,
    };
    resolve(&input).map(|resolved| resolved.config).map_err(|problems| problems.to_string())
}

fn http(ready: &str, live: &str) -> Ask {
    Ask::Http { ready: ready.into(), live: live.into() }
}

#[test]
fn every_form_of_health_is_settled() {
    use ProbePort::{Admin, Other, Service};
    for (text, ask, port, start_s) in [
        ("", http("/readyz", "/livez"), Admin, None),
        ("health = 'tcp'", Ask::Tcp, Service, None),
        ("health = 'none'", Ask::Nothing, Service, None),
        ("health = { ready = '/r' }", http("/r", "/r"), Service, None),
        ("health = { live = '/l' }", http("/l", "/l"), Service, None),
        ("health = { ready = '/r', live = '/l' }", http("/r", "/l"), Service, None),
        ("health = { start_s = 90 }", http("/readyz", "/livez"), Admin, Some(90)),
        ("health = { port = 8000 }", http("/readyz", "/livez"), Service, None),
        ("health = { ready = '/r', port = 9000 }", http("/r", "/r"), Admin, None),
        ("health = { ready = '/r', port = 7000 }", http("/r", "/r"), Other(7000), None),
        ("health.ready = '/r'\nport = 80", http("/r", "/r"), Service, None),
    ] {
        let config = read(&format!("[service]\n{text}"), &[])
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(config.service.probes(), Probes { ask, port, start_s }, "{text}");
        let is_told = config.service.environment().contains_key("SKYWARD_SERVICE__ADMIN_PORT");
        assert_eq!(is_told, port == Admin, "{text}");
    }
}

#[test]
fn later_layers_win_whichever_form_they_have() {
    let word = "[service]\nhealth = 'tcp'";
    let table = "[service]\nhealth = { ready = '/r' }";
    let ask = |text, flag| read(text, &[flag]).unwrap().service.probes().ask;
    assert_eq!(ask(table, "service.health=none"), Ask::Nothing);
    assert_eq!(ask(word, "service.health={ ready = '/x' }"), http("/x", "/x"));
    assert_eq!(ask(word, "service.health.live=/x"), http("/x", "/x"));
    assert_eq!(ask(table, "service.health.live=/x"), http("/r", "/x"));
}

#[test]
fn a_wrong_one_names_what_would_be_right() {
    for (text, expected) in [
        (
            "health = 'tpc'",
            "skyward.toml:2: service.health: \"tpc\" is not valid; did you mean \"tcp\"?",
        ),
        (
            "health = true",
            "service.health: true is a boolean; it is \"tcp\", \"none\", or a table such as",
        ),
        ("health = { redy = '/' }", "service.health.redy: unknown key; did you mean ready?"),
        (
            "health = { ready = 'health' }",
            "service.health.ready: \"health\" is not valid; a path begins with /",
        ),
        ("health = { port = 0 }", "service.health.port: 0 is out of range"),
        ("health = { start_s = 0 }", "service.health.start_s: 0 is out of range"),
    ] {
        let error = read(&format!("[service]\n{text}"), &[]).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

/// A second port that nobody uses cannot clash.
#[test]
fn the_ports_of_a_service_with_one_may_be_any() {
    assert!(read("[service]\nport = 9000", &[]).is_err());
    assert!(read("[service]\nport = 9000\nhealth = 'tcp'", &[]).is_ok());
}

#[test]
fn names_follow_the_package() {
    let names = |text: &str| {
        let config = read(text, &[]).unwrap();
        (config.service.name, config.image.repository)
    };
    let both = |name: &str| (name.to_owned(), name.to_owned());
    assert_eq!(names(""), both("skyward-service"));
    for (package, name) in [
        ("web", "web"),
        ("My_Web", "my-web"),
        ("_web_", "web"),
        ("__1__", "service"),
        (
            "A23456789a23456789a23456789a23456789a23456789a23456789a23456789-a23",
            "a23456789a23456789a23456789a23456789a23456789a23456789a23456789",
        ),
    ] {
        let package = package.get(..64).unwrap_or(package);
        assert_eq!(names(&format!("service.package = '{package}'")), both(name), "{package}");
    }
    let shop = "service.package = 'web'\nservice.name = 'shop'";
    assert_eq!(names(shop), both("shop"));
    let pushed = format!("{shop}\nimage.repository = 'ghcr.io/acme/web'");
    assert_eq!(names(&pushed), ("shop".into(), "ghcr.io/acme/web".into()));
}

#[test]
fn the_load_balancer_asks_where_the_service_answers() {
    let path = |text: &str| read(text, &[]).unwrap().aws.health_path;
    assert_eq!(path(""), "/");
    assert_eq!(path("service.health = 'tcp'"), "/");
    assert_eq!(path("service.health = { ready = '/health' }"), "/health");
    assert_eq!(path("service.health = { ready = '/health', port = 7000 }"), "/");
    assert_eq!(path("service.health = { ready = '/health' }\naws.health_path = '/x'"), "/x");
}
