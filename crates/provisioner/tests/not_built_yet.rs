//! Every command says that it is not built yet, contacts nobody and fails.

use std::process::{Command, Output};

fn provision_aws(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_skyward-provisioner")).args(arguments).output().unwrap()
}

#[test]
fn every_command_says_so_and_fails() {
    for command in ["plan", "apply", "status", "drift", "destroy", "graph", "cost", "export"] {
        for arguments in [&[command][..], &[command, "--simulate"]] {
            let output = provision_aws(arguments);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            assert!(output.stdout.is_empty(), "{arguments:?}");
            let message = String::from_utf8(output.stderr).unwrap();
            assert!(message.contains(": not built yet: "), "{arguments:?}: {message}");
            assert_eq!(message.lines().count(), 1, "{arguments:?}: {message}");
        }
    }
}

#[test]
fn a_wrong_command_is_wrong_usage() {
    assert_eq!(provision_aws(&[]).status.code(), Some(2));
    assert_eq!(provision_aws(&["plam"]).status.code(), Some(2));
}
