//! The sample program, against the readers, devices and terminals that a command meets.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The example of this crate, which cargo builds beside the tests.
fn sample(arguments: &[&str]) -> Command {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).unwrap();
    let mut command = Command::new(PathBuf::from(folder).join("examples/sample"));
    command.args(arguments);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

fn output(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn a_reader_that_has_seen_enough_is_a_quiet_end() {
    for arguments in [&["table"][..], &["--help"], &["events", "--output", "json"]] {
        let mut child =
            sample(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_full_device_is_one_line_and_exit_code_1() {
    for arguments in [&["table"][..], &["--help"], &["events", "--output", "json"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ended = sample(arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with("error: writing ") && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_standard_error_that_takes_nothing_ends_no_command() {
    for arguments in [&["events"][..], &["fail"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ended = sample(arguments).stderr(full).output().unwrap();
        let expected = i32::from(arguments == ["fail"]);
        assert_eq!(ended.status.code(), Some(expected), "{arguments:?}");
    }
}

#[test]
fn exit_codes_tell_a_mistake_in_the_call_from_a_failure() {
    for (arguments, code, said) in [
        (&["--version"][..], 0, ""),
        (&["fail"], 1, "error: upload blob 3f2a to ghcr.io/acme/web: 403 Forbidden. Next step: "),
        (&["mistake"], 2, "error: sample: no step is called `tsets`"),
        (
            &["evnets"],
            2,
            "error: unrecognized subcommand 'evnets'\n\n  tip: a similar subcommand exists: 'events'",
        ),
        (
            &["--ouput", "json"],
            2,
            "error: unexpected argument '--ouput' found\n\n  tip: a similar argument exists: '--output'",
        ),
        (
            &["ask"],
            1,
            "error: delete the stack web: nobody can be asked without a terminal. Next step: give --yes. Nothing was changed\n",
        ),
        (&["ask", "--yes"], 0, ""),
    ] {
        let (ended, _, stderr) = output(&mut sample(arguments));
        assert_eq!(ended, Some(code), "{arguments:?}: {stderr}");
        assert!(
            stderr.starts_with(said) && stderr.is_empty() == said.is_empty(),
            "{arguments:?}: {stderr}"
        );
    }
}

#[test]
fn calls_are_shown_where_v_asks() {
    let said = |flags: &[&str]| output(sample(&["events"]).args(flags)).2;
    let calls = |text: &str| {
        text.lines().filter(|line| line.starts_with("call ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(calls(&said(&[])), [""; 0]);
    let [call] = &calls(&said(&["-v"]))[..] else { panic!("one call") };
    assert!(
        call.starts_with("call     ec2 CreateNatGateway: ok (") && call.ends_with("ms)"),
        "{call}"
    );
    let [call] = &calls(&said(&["-vv"]))[..] else { panic!("one call") };
    assert!(call.ends_with("ms), status 200, try 1, request ID 7a62c49f"), "{call}");
    let (_, json, _) = output(&mut sample(&["events", "--output", "json", "-v"]));
    assert!(
        json.contains(r#"{"event":"call","peer":"ec2","operation":"CreateNatGateway","seconds":"#),
        "{json}"
    );
}

#[test]
fn without_a_terminal_each_event_is_one_line_without_colour() {
    let (code, stdout, stderr) = output(&mut sample(&["events"]));
    assert_eq!((code, stdout.as_str()), (Some(0), ""));
    assert_eq!(
        stderr,
        "note     the context was not named, so the one of `cluster up` is used\n\
         PROBLEM  node-1: port 6443 is in use by \u{fffd}nginx\u{fffd}[2J\n\
        \x20        Next step: stop it, or name another port\n\
         plan     db-cluster: create\n\
         plan     nat-gateway/a: create\n\
         start    db-cluster: create (usually 12 min 00 s, on the critical path)\n\
         wait     db-cluster: creating (1 min 50 s)\n\
         done     db-cluster: created\n\
         page     http://skyward-web-1234567890.eu-central-1.elb.amazonaws.com\n\
         Two of two steps are done, and the page of the load balancer is there to be opened.\n"
    );
    let forced = output(sample(&["events"]).env("CLICOLOR_FORCE", "1")).2;
    assert!(forced.contains("\u{1b}[32mdone"), "{forced:?}");
    let both = output(sample(&["events"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")).2;
    assert!(!both.contains('\u{1b}'), "{both:?}");
}
