use super::*;

fn rules(text: &str) -> Result<Rules, String> {
    parse(text.as_bytes()).map_err(|(place, reason)| format!("{place} {reason}"))
}

#[test]
fn the_projects_own_rules() {
    let rules = rules(
        "rules:\n  lowestEfficiency: 0.98\n  highestWastedBytes: 5MB\n  highestUserWastedPercent: 0.20\n",
    );
    let expected = Rules {
        lowest_efficiency: Some(0.98),
        highest_wasted_bytes: Some(5_000_000),
        highest_user_wasted_percent: Some(0.2),
    };
    assert_eq!(rules, Ok(expected));
}

#[test]
fn what_is_left_out_has_dives_default() {
    let defaults = Rules::default();
    assert_eq!(defaults.lowest_efficiency, Some(0.9));
    assert_eq!(
        (defaults.highest_wasted_bytes, defaults.highest_user_wasted_percent),
        (None, Some(0.1))
    );
    for text in [
        "rules:\n",
        "rules: {}\n",
        "rules: ~\n",
        "rules:\n  lowestEfficiency:\n",
        "---\nrules:\n  # nothing\n",
    ] {
        assert_eq!(rules(text), Ok(defaults), "{text:?}");
    }
    let all = "rules:\n  lowestEfficiency: disabled\n  highestWastedBytes: 'disabled'\n  highestUserWastedPercent: \"disabled\"";
    let none = Rules {
        lowest_efficiency: None,
        highest_wasted_bytes: None,
        highest_user_wasted_percent: None,
    };
    assert_eq!(rules(all), Ok(none));
}

#[test]
fn the_case_of_a_rule_and_the_habits_of_windows_do_not_count() {
    let text = "\u{feff}rules:\r\n  LOWESTEFFICIENCY: 0.5\r\n  highestwastedbytes: 20Mb\r\n";
    let rules = rules(text).unwrap();
    assert_eq!(
        (rules.lowest_efficiency, rules.highest_wasted_bytes),
        (Some(0.5), Some(20_000_000))
    );
}

#[test]
fn mistakes_name_their_place() {
    for (text, expected) in [
        ("", "the file is empty"),
        ("  \r\n\n", "the file is empty"),
        (
            "rules:\n  lowestEfficiency: 1.1\n",
            ":2:21 rule lowestEfficiency: \"1.1\" is no bound: expected a number between 0 and 1",
        ),
        ("rules:\n  lowestEfficiency: -0.1\n", ":2:21"),
        ("rules:\n  lowestEfficiency: NaN\n", ":2:21"),
        ("rules:\n  lowestEfficiency: ''\n", ":2:21 rule lowestEfficiency: there is no value"),
        (
            "rules:\n  highestWastedBytes: 1BB\n",
            ":2:23 rule highestWastedBytes: \"1BB\" is no bound: expected bytes",
        ),
        (
            "rules:\n  highestWastedBytes: [1]\n",
            ":2:23 rule highestWastedBytes: expected a single value",
        ),
        (
            "rules:\n  highestWastedByte: 1\n",
            ":2:3 unknown rule \"highestWastedByte\"; did you mean highestWastedBytes?",
        ),
        (
            "rules:\n  plugin: 1\n",
            ":2:3 unknown rule \"plugin\"; there are highestUserWastedPercent,",
        ),
        (
            "rules:\n  lowestEfficiency: 1\n  lowestefficiency: 1\n",
            ":3:3 rule lowestefficiency is there twice",
        ),
        ("rules: {}\nrules: {}\n", ":2:1 \"rules\" is there twice"),
        ("rule:\n  lowestEfficiency: 0.9\n", ":1:1 unknown key \"rule\""),
        ("lowestEfficiency: 0.9\n", ":1:1 unknown key \"lowestEfficiency\""),
        ("- rules\n", ":1:1 expected a line"),
        ("rules: 0.9\n", ":1:8 expected rules"),
        ("rules:\n\tlowestEfficiency: 0.9\n", "not YAML"),
        ("rules: {\n", "not YAML"),
    ] {
        let error = rules(text).expect_err(text);
        assert!(error.trim().contains(expected), "{text:?}: {error}");
    }
    let (place, reason) = parse(b"rules:\n  x: \xff\n").unwrap_err();
    assert_eq!((place.to_string().as_str(), &reason[..20]), (":2:6", "not UTF-8: byte 0xff"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn no_yaml_makes_it_panic(text in "(rules|lowestEfficiency|[a-z&*!|>{}\\[\\]:,#'\" \n-]){0,40}") {
        let _ = parse(text.as_bytes());
    }
}
