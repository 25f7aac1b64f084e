use super::*;
use crate::access_log::LogFormat;
use std::os::unix::ffi::OsStringExt as _;
use std::time::Duration;

const ABOUT: About =
    About { name: "skyward-service", version: "0.1.0", description: "A web server" };

fn os(texts: &[&str]) -> Vec<OsString> {
    texts.iter().map(OsString::from).collect()
}

fn pairs(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    variables.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn settings(flags: &[&str], variables: &[(&str, &str)]) -> Settings {
    match read(&ABOUT, os(flags), pairs(variables)) {
        Ok(Request::Serve(settings, warnings)) if warnings.is_empty() => *settings,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(flags: &[&str], variables: &[(&str, &str)], expected: &str) {
    let error = read(&ABOUT, os(flags), pairs(variables)).expect_err("is wrong").to_string();
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
    assert_eq!(found.trusted_proxies, ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
    assert_eq!(settings(&[], &[]), Settings::default());
    assert_eq!(settings(&["--host", "::1"], &[]), settings(&["--host", "[::1]"], &[]));
}

/// The dot at the end of a full name is no part of it, here as in a request's Host.
#[test]
fn a_host_may_end_in_a_dot() {
    let found = settings(&["--allowed-hosts", "Example.org.,*.test."], &[]);
    assert_eq!(found.allowed_hosts, ["example.org", "*.test"]);
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
    ];
    for setting in &SETTINGS {
        let value =
            samples.iter().find(|(key, _)| *key == setting.key).map_or("777", |(_, value)| value);
        let by_flag = settings(&[&format!("--{}", setting.key), value], &[]);
        assert_eq!(by_flag, settings(&[], &[(&setting.variable(), value)]), "{}", setting.key);
        assert_ne!(by_flag, Settings::default(), "{}", setting.key);
    }
    assert_eq!(settings(&["--drain-delay-ms", "0"], &[]).drain_delay, Duration::ZERO);
}

#[test]
fn an_error_names_the_flag_or_the_variable() {
    refused(&["--port", "65536"], &[], "--port: `65536` is no whole number from 0 to 65535");
    refused(&["--port", "+1"], &[], "--port: `+1` is no whole number from 0 to 65535");
    refused(
        &[],
        &[("SKYWARD_SERVICE__PORT", "http")],
        "SKYWARD_SERVICE__PORT: `http` is no whole number from 0 to 65535",
    );
    refused(
        &["--host", "localhost"],
        &[],
        "--host: `localhost` is no IP address; names are not looked up here, take 127.0.0.1, 0.0.0.0 (all) or :: (all, IPv6 too)",
    );
    refused(&["--port"], &[], "--port needs a value: PORT");
    refused(&["--prot", "1"], &[], "invalid option '--prot'; --help lists the flags");
    refused(&["8000"], &[], "unexpected argument \"8000\"; --help lists the flags");
    refused(&["--port", "9000"], &[], "--port and --admin-port are both 9000; they must differ");
    refused(
        &["--drain-delay-ms", "9000"],
        &[],
        "--drain-cap-ms is shorter than --drain-delay-ms, and counts from the same signal",
    );
    refused(
        &["--idle-timeout-ms", "0"],
        &[],
        "--idle-timeout-ms: `0` is no whole number from 1 to 3600000 (milliseconds)",
    );
    refused(
        &["--name", "My App"],
        &[],
        "--name: `My App` is no DNS label: up to 63 of a-z, 0-9 and -, no - at either end",
    );
    refused(
        &["--allowed-hosts", "a.b:80"],
        &[],
        "--allowed-hosts: `a.b:80` is no host; write it as example.org, *.example.org or 192.0.2.7, without a port",
    );
    let not_text = OsString::from_vec(vec![0xff]);
    let error = read(&ABOUT, [], [("SKYWARD_SERVICE__NAME".into(), not_text.clone())]).unwrap_err();
    assert_eq!(error.to_string(), "SKYWARD_SERVICE__NAME: the value is no UTF-8");
    let error = read(&ABOUT, ["--name".into(), not_text], []).unwrap_err();
    assert_eq!(error.to_string(), "--name: the value is no UTF-8");
}

#[test]
fn a_variable_with_a_mistake_in_its_name_is_warned_of() {
    let variables = [
        ("SKYWARD_SERVICE__PROT", "1"),
        ("SKYWARD_SERVICE__PACKAGE", "x"),
        ("SKYWARD_SERVICE__ENV__KEY", "x"),
        ("PATH", "/"),
    ];
    let Ok(Request::Serve(settings, warnings)) = read(&ABOUT, [], pairs(&variables)) else {
        panic!("is a warning")
    };
    assert_eq!(*settings, Settings::default());
    assert_eq!(
        warnings,
        [
            "SKYWARD_SERVICE__PROT is no setting of this service; it has no effect (--help lists them)"
        ]
    );
}

#[test]
fn the_help_names_every_flag() {
    let Ok(Request::Print(text)) = read(&ABOUT, os(&["--port", "1", "--help"]), []) else {
        panic!("prints")
    };
    assert!(
        SETTINGS
            .iter()
            .all(|setting| text.contains(&format!("  --{} {}", setting.key, setting.value))),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    assert_eq!(read(&ABOUT, os(&["-V"]), []), Ok(Request::Print("skyward-service 0.1.0\n".into())));
}
