//! The pure forms: text, units, tables, lines.

use proptest::prelude::*;
use serde_json::json;
use skyward_terminal::event::{Done, Failed, Finding, Nothing, Progress};
use skyward_terminal::table::Cell;
use skyward_terminal::{
    Calls, Event, Page, Severity, Table, Tone, consent, exit, render, text, units,
};

#[test]
fn foreign_text_commands_no_terminal_and_turns_no_line_around() {
    let foreign = "a\u{1b}[2Jb\u{202e}c\u{2066}d\u{85}e\u{2028}f\tg\nh";
    assert_eq!(text::harmless(foreign), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f g\nh");
    assert_eq!(text::one_line("  a \n\n b\u{7}\tc "), "a b\u{fffd} c");
    assert_eq!(text::escaped("a\u{202e}b"), "a\\u{202e}b");
}

#[test]
fn bytes_and_seconds_keep_the_digits_that_matter() {
    for (count, expected) in [
        (13, "13 B"),
        (1_500, "1.5 kB"),
        (999_949, "999.9 kB"),
        (999_999, "1.00 MB"),
        (1_769_744, "1.77 MB"),
        (999_999_999, "1.00 GB"),
        (2_300_000_000, "2.30 GB"),
    ] {
        assert_eq!(units::bytes(count), expected);
    }
    for (seconds, expected) in [
        (-1.0, "0.0 ms"),
        (0.0042, "4.2 ms"),
        (0.042, "42 ms"),
        (0.0999, "0.10 s"),
        (0.354, "0.35 s"),
        (42.14, "42.1 s"),
        (59.97, "1 min 00 s"),
        (107.0, "1 min 47 s"),
        (3725.0, "1 h 02 min"),
    ] {
        assert_eq!(units::seconds(seconds), expected);
    }
    for (seconds, expected) in [(7.6, "8 s"), (59.7, "1 min 00 s"), (3725.0, "1 h 02 min")] {
        assert_eq!(units::whole(seconds), expected);
    }
}

fn sample() -> Table {
    let mut table = Table::new(["step", "result", "time", "digest"]).wrap(1).shorten(3).right(2);
    table.row(["pack", "archive and OCI layout, written twice", "4.2 ms", "sha256:3f2a9c"]);
    table.row([Cell::new("deploy", Tone::Plain), Cell::new("FAILED: no cluster", Tone::Bad)]);
    table.below("image", "localhost:5000/web@sha256:3f2a");
    table
}

#[test]
fn one_thing_is_not_several() {
    assert_eq!(units::counted(0, "test"), "0 tests");
    assert_eq!(units::counted(1, "test"), "1 test");
    assert_eq!(units::counted(2, "test"), "2 tests");
}

#[test]
fn a_table_without_a_terminal_is_whole_and_not_padded() {
    assert_eq!(
        sample().to_string(),
        "step    result                                   time  digest\n\
         pack    archive and OCI layout, written twice  4.2 ms  sha256:3f2a9c\n\
         deploy  FAILED: no cluster\n\
         \n\
         image  localhost:5000/web@sha256:3f2a\n"
    );
}

#[test]
fn a_table_on_a_terminal_gives_way_where_it_may() {
    assert_eq!(
        sample().fitted(Some(42), false),
        "step    result          time  digest\n\
         pack    archive and   4.2 ms  sha256:3f2a…\n\
        \x20       OCI layout,\n\
        \x20       written\n\
        \x20       twice\n\
         deploy  FAILED: no\n\
        \x20       cluster\n\
         \n\
         image  localhost:5000/web@sha256:3f2a\n"
    );
    let colored = sample().fitted(None, true);
    assert!(
        colored.contains("\u{1b}[31m") && colored.contains("FAILED: no cluster"),
        "{colored:?}"
    );
}

#[test]
fn a_table_is_markdown_where_github_reads_it() {
    let mut table = Table::new(["step", "result"]);
    table.row(["a|b"]);
    assert_eq!(table.markdown(), "| step | result |\n| --- | --- |\n| a\\|b |  |\n");
}

#[test]
fn lines_are_broken_between_words_and_long_words_stay_whole() {
    assert_eq!(text::wrap("one two three", 7), ["one two", "three"]);
    assert_eq!(
        text::wrap("  - one two\nsha256:0123456789 x", 8),
        ["  - one", "  two", "sha256:0123456789", "x"]
    );
    assert_eq!(text::break_up("0123456789", 4), ["0123", "4567", "89"]);
    assert_eq!(text::shorten("0123456789", 4), "012…");
}

proptest! {
    #[test]
    fn nothing_is_wider_than_it_may_be(words in "[a-z \u{4e00}\u{1f600}\n]{0,60}", columns in 2_usize..30) {
        for line in text::break_up(&words, columns) {
            prop_assert!(text::width(&line) <= columns, "{line:?}");
        }
        prop_assert!(text::width(&text::shorten(&words, columns)) <= columns);
    }

    #[test]
    fn no_steering_character_is_left(foreign in any::<String>()) {
        prop_assert!(!text::harmless(&foreign).chars().any(|c| c != '\n' && text::is_steering(c)));
        prop_assert!(!text::one_line(&foreign).chars().any(text::is_steering));
        prop_assert!(!text::escaped(&foreign).chars().any(text::is_steering));
    }
}

/// The event as lines for a pipe, and for a terminal of 40 columns.
fn lines(event: &Event) -> [String; 2] {
    [None, Some(40)].map(|columns| {
        let mut page = Page::new(columns, false);
        page.event(event);
        page.text().to_owned()
    })
}

#[test]
fn an_event_is_a_line_with_its_times_last() {
    let progress = Progress {
        object: "Deployment web".to_owned(),
        state: "1 of 2 pods ready".to_owned(),
        limit_s: Some(240.0),
        ..Progress::default()
    };
    assert_eq!(
        lines(&Event::Progress(progress)),
        [
            "wait     Deployment web: 1 of 2 pods ready (at most 4 min 00 s)\n",
            "wait     Deployment web: 1 of 2 pods\n         ready (at most 4 min 00 s)\n"
        ]
    );
    let done = Done {
        object: "db-cluster".to_owned(),
        action: "create".to_owned(),
        outcome: Some("created".to_owned()),
        seconds: Some(466.0),
    };
    assert_eq!(lines(&Event::Done(done))[0], "done     db-cluster: created (7 min 46 s)\n");
}

#[test]
fn a_failure_and_a_finding_end_with_the_next_step() {
    let failed = Failed {
        object: "bucket".to_owned(),
        action: "create".to_owned(),
        reason: "the name is taken".to_owned(),
        next: Some("choose another".to_owned()),
    };
    let expected =
        "FAILED   bucket: create: the name is taken\n         Next step: choose another\n";
    assert_eq!(lines(&Event::Failed(failed))[0], expected);
    let finding = Finding {
        severity: Severity::Error,
        object: "node-1".to_owned(),
        text: "port 6443 is in use".to_owned(),
        next: None,
    };
    assert_eq!(lines(&Event::Finding(finding))[0], "PROBLEM  node-1: port 6443 is in use\n");
}

#[test]
fn an_event_is_read_back_as_it_was_written() {
    let events = [
        Event::note("a"),
        Event::started("vpc", "create"),
        Event::done("vpc", "create", "created"),
        Event::Finished { text: "b".to_owned(), address: Some("http://c".to_owned()) },
    ];
    for event in events {
        let line = render::json(&event);
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event, "{line}");
        assert!(line.ends_with(",\"schema\":1}"), "{line}");
    }
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&render::json(&Event::<Nothing>::note("a")))
            .unwrap(),
        json!({ "event": "note", "text": "a", "schema": 1 })
    );
}

#[test]
fn an_event_of_a_crate_of_its_own_stands_beside_the_shared_ones() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    #[serde(tag = "event", rename_all = "kebab-case")]
    enum Own {
        Page { url: String },
    }
    let page = Event::Own(Own::Page { url: "http://a".to_owned() });
    let line = render::json(&page);
    assert_eq!(line, r#"{"event":"page","url":"http://a","schema":1}"#);
    assert_eq!(serde_json::from_str::<Event<Own>>(&line).unwrap(), page);
    let note: Event<Own> =
        serde_json::from_str(r#"{"event":"note","text":"a","schema":1}"#).unwrap();
    assert_eq!(note, Event::note("a"));
    assert_eq!(note.map(|_| Event::<Nothing>::note("never")), Event::note("a"));
}

#[test]
fn a_call_is_told_of_also_when_it_is_given_up() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let calls = Calls::new({
        let seen = std::sync::Arc::clone(&seen);
        move |call| seen.lock().unwrap().push((call.operation, call.outcome, call.status))
    });
    calls.begin("ec2", "DescribeVpcs").status(200).end("ok");
    drop(calls.begin("ec2", "CreateVpc"));
    Calls::silent().begin("ec2", "DeleteVpc").end("ok");
    let expected = [("DescribeVpcs", "ok", Some(200)), ("CreateVpc", "given up", None)];
    let expected = expected
        .map(|(operation, outcome, status)| (operation.to_owned(), outcome.to_owned(), status));
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn an_error_has_one_form() {
    let reason = "push web: 403\u{1b}[2J. Next step: log in";
    assert_eq!(
        exit::form(reason, None, false),
        "error: push web: 403\u{fffd}[2J. Next step: log in"
    );
    assert_eq!(
        exit::form(reason, Some(30), false),
        "error: push web: 403\u{fffd}[2J. Next\nstep: log in"
    );
    assert!(exit::form(reason, None, true).starts_with("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m push"));
}

#[test]
fn a_name_has_to_be_typed_in_full() {
    let answer =
        |typed: &str, answer| consent::ask_from(&mut typed.as_bytes(), "delete web", "?", answer);
    assert!(answer("web\n", consent::Answer::Name("web")).is_ok());
    assert!(answer("Yes\n", consent::Answer::Yes).is_ok());
    for (typed, expected) in [
        ("we\n", consent::Answer::Name("web")),
        ("yes\n", consent::Answer::Name("web")),
        ("\n", consent::Answer::Yes),
        ("", consent::Answer::Yes),
    ] {
        let error = answer(typed, expected).unwrap_err().to_string();
        assert!(
            error.starts_with("delete web: ") && error.ends_with("Nothing was changed"),
            "{error}"
        );
    }
}
