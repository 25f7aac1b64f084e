//! Tests: The command line and the variables, read into settings.

use super::*;
use skyward_config::LogFormat;
use std::os::unix::ffi::OsStringExt as _;

const ABOUT: About =
    About { name: "skyward-service", version: "0.1.0", description: "A web server" };

fn os(texts: &[&str]) -> Vec<OsString> {
    texts.iter().map(OsString::from).collect()
}

fn pairs(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    variables.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn settings(flags: &[&str], variables: &[(&str, &str)]) -> Settings {
    match read(&ABOUT, &[], os(flags), pairs(variables)) {
        Ok(Request::Serve(settings, warnings, _)) if warnings.is_empty() => *settings,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(flags: &[&str], variables: &[(&str, &str)], expected: &str) {
    let error = read(&ABOUT, &[], os(flags), pairs(variables)).expect_err("is wrong").to_string();
    assert_eq!(error, expected);
}

#[test]
fn flags_win_over_variables() {
    let found = settings(
        &["--port", "1", "--log-format=json", "--trusted-proxies", "10.0.0.0/8, fd00::/8"],
        &[
            ("SKYWARD_SERVICE__PORT", "2"),
            ("SKYWARD_SERVICE__ADMIN_PORT", "3"),
            ("SKYWARD_SERVICE_PORT", "tcp://10.0.0.1:80"),
        ],
    );
    assert_eq!((found.port, found.admin_port, found.log_format), (1, 3, LogFormat::Json));
    assert_eq!(found.trusted_proxies(), ["10.0.0.0/8", "fd00::/8"]);
    assert_eq!(settings(&[], &[]), Settings::default());
    assert_eq!(settings(&["--host", "::1"], &[]), settings(&["--host", "[::1]"], &[]));
}

/// The dot at the end of a full name is not part of it, here as in a request's Host.
#[test]
fn a_host_may_end_in_a_dot() {
    let found = settings(&["--allowed-hosts", "Example.org.,*.test."], &[]);
    assert_eq!(found.allowed_hosts(), ["example.org", "*.test"]);
}

#[test]
fn every_setting_has_a_flag_and_a_variable() {
    let samples = [
        ("host", "127.0.0.1"),
        ("name", "other"),
        ("log-format", "json"),
        ("trusted-proxies", "10.0.0.1"),
        ("allowed-hosts", "Example.org,*.test"),
        ("drain-cap-ms", "7777"),
        ("threads", "shared"),
    ];
    for setting in SETTINGS {
        let value = samples
            .iter()
            .find(|(key, _)| *key == setting.flag())
            .map_or("777", |(_, value)| value);
        let by_flag = settings(&[&format!("--{}", setting.flag()), value], &[]);
        assert_eq!(by_flag, settings(&[], &[(&setting.variable(), value)]), "{}", setting.key);
        assert_ne!(by_flag, Settings::default(), "{}", setting.key);
    }
    assert_eq!(settings(&["--drain-delay-ms", "0"], &[]).drain_delay_ms(), 0);
}

#[test]
fn an_error_names_the_flag_or_the_variable() {
    refused(
        &["--port", "65536"],
        &[],
        "--port: \"65536\" is not valid; a port is a whole number from 0 to 65535",
    );
    refused(
        &["--port", "+1"],
        &[],
        "--port: \"+1\" is not valid; a port is a whole number from 0 to 65535",
    );
    refused(
        &[],
        &[("SKYWARD_SERVICE__PORT", "http")],
        "SKYWARD_SERVICE__PORT: \"http\" is not valid; a port is a whole number from 0 to 65535",
    );
    refused(
        &["--host", "localhost"],
        &[],
        "--host: \"localhost\" is not valid; a host is an IP address, such as 127.0.0.1, 0.0.0.0 (all) or :: (all, with IPv6); names are not looked up",
    );
    refused(&["--port"], &[], "--port needs a value: PORT");
    refused(&["--prot", "1"], &[], "invalid option '--prot'; --help lists the flags");
    refused(&["8000"], &[], "unexpected argument \"8000\"; --help lists the flags");
    refused(
        &["--port", "9000"],
        &[],
        "--port and --admin-port: 9000 is both the port of the service and that of its probes; the two must differ, or be 0",
    );
    refused(
        &["--drain-delay-ms", "9000"],
        &[],
        "--drain-delay-ms and --drain-cap-ms: the delay of 9000 ms is longer than the cap of 8000 ms; both count from the same signal, so the delay must not be longer",
    );
    refused(
        &["--idle-timeout-ms", "0"],
        &[],
        "--idle-timeout-ms: \"0\" is not valid; a deadline is a whole number of milliseconds from 1 to 3600000 (an hour)",
    );
    refused(
        &["--name", "My App"],
        &[],
        "--name: \"My App\" is not valid; a name is a DNS label: 1 to 63 of a-z, 0-9 and -, begins with a letter and does not end with -",
    );
    refused(
        &["--allowed-hosts", "a.b:80"],
        &[],
        "--allowed-hosts: \"a.b:80\" is not valid; a host is a name or an address without a port, such as example.org, *.example.org, 192.0.2.7 or [::1]",
    );
    let not_text = OsString::from_vec(vec![0xff]);
    let error =
        read(&ABOUT, &[], [], [("SKYWARD_SERVICE__NAME".into(), not_text.clone())]).unwrap_err();
    assert_eq!(error.to_string(), "SKYWARD_SERVICE__NAME: the value is not UTF-8");
    let error = read(&ABOUT, &[], ["--name".into(), not_text], []).unwrap_err();
    assert_eq!(error.to_string(), "--name: the value is not UTF-8");
}

#[test]
fn a_variable_with_a_mistake_in_its_name_is_warned_of() {
    let variables = [
        ("SKYWARD_SERVICE__PROT", "1"),
        ("SKYWARD_SERVICE__PACKAGE", "x"),
        ("SKYWARD_SERVICE__ENV__KEY", "x"),
        ("PATH", "/"),
    ];
    let Ok(Request::Serve(settings, warnings, _)) = read(&ABOUT, &[], [], pairs(&variables)) else {
        panic!("is a warning")
    };
    assert_eq!(*settings, Settings::default());
    assert_eq!(
        warnings,
        [
            "SKYWARD_SERVICE__PROT is not a setting of this service and has no effect; --help lists the settings"
        ]
    );
}

#[test]
fn the_help_names_every_flag() {
    let Ok(Request::Print(text)) = read(&ABOUT, &[], os(&["--port", "1", "--help"]), []) else {
        panic!("prints")
    };
    assert!(
        SETTINGS.iter().all(|setting| text.contains(&format!(
            "  --{} {}",
            setting.flag(),
            setting.form.placeholder()
        ))),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert_eq!(
        read(&ABOUT, &[], os(&["-V"]), []),
        Ok(Request::Print("skyward-service 0.1.0\n".into()))
    );
}

#[test]
fn a_program_may_have_flags_of_its_own() {
    let flags = [
        Flag::new("database-url", "URL", "Where the notes are kept.").required(),
        Flag::new("greeting", "TEXT", "Text to greet with").default("Hello"),
    ];
    let values = |arguments: &[&str], variables: &[(&str, &str)]| match read(
        &ABOUT,
        &flags,
        os(arguments),
        pairs(variables),
    ) {
        Ok(Request::Serve(_, _, values)) => Ok(values),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.to_string()),
    };
    let found = values(&["--port", "1"], &[("DATABASE_URL", "a"), ("GREETING", "Hi")]).unwrap();
    assert_eq!((found.get("database-url"), found.get("greeting")), (Some("a"), Some("Hi")));
    let found = values(&["--database-url=b"], &[("DATABASE_URL", "a")]).unwrap();
    assert_eq!((found.get("database-url"), found.get("greeting")), (Some("b"), Some("Hello")));
    assert_eq!(
        values(&[], &[]).unwrap_err(),
        "--database-url or the variable DATABASE_URL is needed: Where the notes are kept"
    );
    assert_eq!(values(&["--greeting"], &[]).unwrap_err(), "--greeting needs a value: TEXT");
    let help = help(&ABOUT, &flags);
    assert!(help.contains("Flags of this program:\n  --database-url URL        Where the notes are kept; also DATABASE_URL\n"), "{help}");
    assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
}
