//! Every command says that it is not built yet, changes nothing and fails.

use std::process::{Command, Output};

fn deploy_k3s(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_skyward-deployer")).args(arguments).output().unwrap()
}

#[test]
fn every_command_says_so_and_fails() {
    let commands: &[&[&str]] = &[
        &[],
        &["apply"],
        &["render"],
        &["diff"],
        &["status"],
        &["history"],
        &["rollback", "3"],
        &["remove"],
        &["cluster", "up"],
        &["cluster", "join"],
        &["cluster", "status"],
        &["cluster", "upgrade"],
        &["cluster", "down"],
    ];
    for arguments in commands {
        let output = deploy_k3s(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(": not built yet: "), "{arguments:?}: {message}");
        assert_eq!(message.lines().count(), 1, "{arguments:?}: {message}");
    }
}

#[test]
fn a_wrong_command_is_wrong_usage() {
    assert_eq!(deploy_k3s(&["aply"]).status.code(), Some(2));
}
