//! The settings of a service, as flags, variables and the file read them alike.

use std::net::IpAddr;

use proptest::prelude::*;
use skyward_config::{Cidr, Form, Input, SETTINGS, Setting, Settings, resolve};

const EMPTY: Input<'static> =
    Input { file: "skyward.toml", bytes: b"", environment: None, variables: &[], flags: &[] };

fn block(text: &str) -> Cidr {
    text.parse().unwrap()
}

#[test]
fn blocks_that_are_wrong_are_refused() {
    for text in [
        "",
        "/",
        "10.0.0.0/",
        "10.0.0.0/33",
        "::/129",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0/8",
        "proxy",
        "1.2.3.4/8/9",
    ] {
        assert!(text.parse::<Cidr>().is_err(), "{text}");
    }
}

proptest! {
    /// The definition of a prefix: the first `prefix` bits are the same.
    #[test]
    fn a_block_holds_what_shares_its_prefix(network: u32, address: u32, prefix in 0_u8..=32) {
        let same = (0..prefix).all(|bit| (network ^ address) >> (31 - bit) & 1 == 0);
        let cidr = block(&format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(network)));
        prop_assert_eq!(cidr.contains(IpAddr::V4(std::net::Ipv4Addr::from_bits(address))), same);
    }

    #[test]
    fn the_same_for_ipv6(network: u128, flipped in 0_u32..128, prefix in 0_u8..=128) {
        let cidr = block(&format!("{}/{prefix}", std::net::Ipv6Addr::from_bits(network)));
        let address = std::net::Ipv6Addr::from_bits(network ^ (1 << (127 - flipped)));
        // An address that happens to be IPv4-mapped counts as IPv4.
        prop_assume!(address.to_ipv4_mapped().is_none());
        prop_assert_eq!(cidr.contains(IpAddr::V6(address)), flipped >= u32::from(prefix));
    }
}

/// The service's own reader and the file's schema are two; a value that one takes and the other refuses would be found
/// only when the service starts.
#[test]
fn the_file_takes_what_the_service_takes() {
    for (key, values) in [
        ("name", &["web", "a", "web-1", "", "1web", "web-", "Web", "a.b", "a_b"][..]),
        ("host", &["0.0.0.0", "::", "::1", "localhost", "", "1.2.3"]),
        ("port", &["0", "65535", "65536", "http", "-1"]),
        ("log_format", &["default", "common", "combined", "json", "xml", ""]),
        ("threads", &["per-core", "shared", "per_core", "8", ""]),
        ("min_rate_bytes", &["0", "1073741824", "1073741825"]),
        ("max_upgrades", &["0", "1000000", "1000001"]),
        ("header_timeout_ms", &["1", "3600000", "0", "3600001"]),
        ("max_connections", &["1", "1000000", "0", "1000001"]),
        ("max_header_bytes", &["256", "65536", "255", "65537"]),
        ("max_body_bytes", &["0", "1099511627776", "1099511627777"]),
        ("drain_delay_ms", &["0", "8000", "3600001"]),
        ("trusted_proxies", &["10.0.0.0/8", "::/0,192.0.2.7", "", "10.0.0.0/33", "proxy"]),
        (
            "allowed_hosts",
            &[
                "example.org",
                "*.example.org",
                "Example.org.",
                "a_b.test",
                "192.0.2.7",
                "[::1]",
                "",
                "a b",
                "*",
                "a..b",
                "a:80",
                "[:::]",
                "*.",
                ".",
            ],
        ),
    ] {
        let setting = Setting::find(key).unwrap();
        for value in values {
            let by_flag = setting.set(&mut Settings::default(), value);
            let quoted = |text: &str| format!("{text:?}");
            let written = match setting.form {
                Form::Whole { .. } => (*value).to_owned(),
                Form::Networks | Form::Hosts => {
                    let items = value.split(',').filter(|item| !item.is_empty()).map(quoted);
                    format!("[{}]", items.collect::<Vec<_>>().join(", "))
                }
                _ => quoted(value),
            };
            let text = format!("service.{key} = {written}");
            let by_file = resolve(&Input { bytes: text.as_bytes(), ..EMPTY });
            assert_eq!(
                by_flag.is_ok(),
                by_file.is_ok(),
                "{key} = {value:?}: {by_flag:?} {by_file:?}"
            );
        }
    }
}

/// Settings that do not go together are found in the file, where the service would refuse to start with them.
#[test]
fn the_file_refuses_what_the_service_refuses_together() {
    for (text, line) in [
        ("[service]\nport = 9000\n", 2),
        ("[service]\ndrain_delay_ms = 9000\n", 2),
        ("[service]\nname = \"web\"\ndrain_cap_ms = 999\n", 3),
        ("[environment.staging.service]\nadmin_port = 8000\n", 2),
    ] {
        let problems =
            resolve(&Input { bytes: text.as_bytes(), ..EMPTY }).expect_err(text).to_string();
        assert!(problems.starts_with(&format!("skyward.toml:{line}: ")), "{problems}");
    }
}

#[test]
fn every_setting_is_explained_and_has_a_default_of_its_form() {
    for setting in SETTINGS {
        let default = (setting.default)();
        assert!(setting.form.read(&default).is_some(), "{}: {default:?}", setting.key);
        assert!(setting.help.ends_with('.') && setting.help.len() > 15, "{}", setting.key);
        assert_eq!(
            setting.variable(),
            format!("SKYWARD_SERVICE__{}", setting.flag().replace('-', "_").to_uppercase())
        );
    }
    assert!(
        matches!(Setting::find("log_format").unwrap().form, Form::Word(words) if words.len() == 4)
    );
}
