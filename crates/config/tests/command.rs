//! The compiled binary: exit codes, and what goes to which stream.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_skyward-config");

/// A folder with a configuration file.
fn folder(text: impl AsRef<[u8]>) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("skyward.toml"), text).expect("a file in it");
    folder
}

/// A command in that folder, without the variables of whoever runs the tests.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).current_dir(folder).env_clear();
    command
}

/// Exit code, standard output, standard error.
fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("the output is UTF-8");
    (status.code().expect("it exits by itself"), text(stdout), text(stderr))
}

#[track_caller]
fn succeeds(command: &mut Command) -> (String, String) {
    let (code, stdout, stderr) = run(command);
    assert_eq!(code, 0, "{stderr}");
    (stdout, stderr)
}

/// Exit code 1, nothing on standard output, and this on standard error.
#[track_caller]
fn fails(command: &mut Command, expected: &str) {
    assert_eq!(run(command), (1, String::new(), format!("{expected}\n")));
}

#[test]
fn show_prints_values_and_origins() {
    let folder = folder(
        "[service]\nport = 1\n\n[environment.staging.service]\nadmin_port = 2\nenv = { A = \"b\" }\n",
    );
    let mut show = command(folder.path(), &["show", "-e", "staging", "--set", "image.tags=a,b"]);
    let (stdout, stderr) = succeeds(show.env("SKYWARD_K3S__REPLICAS", "3"));
    assert_eq!(stderr, "");
    let lines: Vec<Vec<&str>> = stdout
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    for row in [
        ["service.name", "\"skyward-service\"", "default"],
        ["service.binary", "-", "default"],
        ["service.port", "1", "skyward.toml:2"],
        ["service.admin_port", "2", "skyward.toml:5 (environment staging)"],
        ["service.env.A", "\"b\"", "skyward.toml:6 (environment staging)"],
        ["image.tags", "[\"a\",\"b\"]", "--set"],
        ["k3s.replicas", "3", "SKYWARD_K3S__REPLICAS"],
    ] {
        assert!(lines.contains(&row.to_vec()), "{row:?} in\n{stdout}");
    }
}

#[test]
fn show_prints_json() {
    let folder = folder("service.port = 1\n");
    let (stdout, stderr) = succeeds(&mut command(folder.path(), &["show", "--output", "json"]));
    assert_eq!(stderr, "");
    let shown: serde_json::Value = serde_json::from_str(&stdout).expect("JSON alone");
    assert_eq!(shown["file"], "skyward.toml");
    assert_eq!(shown["environment"], serde_json::Value::Null);
    assert_eq!(shown["config"]["service"]["port"], 1);
    assert_eq!(shown["origins"]["service.port"], "skyward.toml:1");
    assert_eq!(shown["origins"]["service.admin_port"], "default");
}

#[test]
fn check_says_on_standard_error_that_it_is_valid() {
    let valid = folder("[environment.b]\n[environment.a]\n");
    assert_eq!(
        succeeds(&mut command(valid.path(), &["check"])),
        (String::new(), "skyward.toml is valid (environments: a, b)\n".into())
    );
    let empty = folder("");
    assert_eq!(
        succeeds(&mut command(empty.path(), &["check"])),
        (String::new(), "skyward.toml is valid (no environments)\n".into())
    );
}

#[test]
fn errors_of_all_layers_come_together() {
    let folder = folder("[service]\nport = 70000\nname = 1\n");
    fails(
        command(folder.path(), &["show", "--set", "image.sbom=yes"]).env("SKYWARD_IMAGE__USER", "0"),
        "\
skyward.toml:2: service.port: 70000 is out of range; a port is a whole number from 0 to 65535
skyward.toml:3: service.name: 1 is a whole number, not text in quotes; a name is a DNS label: 1 to 63 of a-z, 0-9 and -, begins with a letter and does not end with -
SKYWARD_IMAGE__USER: image.user: 0 is out of range; a user id is a whole number from 10000 to 2147483647, so that it is nobody's on the host
--set: image.sbom: \"yes\" is text; it is true or false, without quotes
4 errors in the configuration",
    );
}

#[test]
fn the_file_is_found_in_a_folder_above() {
    let folder = folder("service.port = 1\n");
    let below = folder.path().join("a/b");
    std::fs::create_dir_all(&below).expect("folders");
    let (stdout, _) = succeeds(&mut command(&below, &["show"]));
    assert!(stdout.contains("  ../../skyward.toml:1\n"), "{stdout}");
}

#[test]
fn variables_name_file_and_environment_and_flags_win() {
    let folder = folder("[environment.a.service]\nport = 1\n[environment.b.service]\nport = 2\n");
    std::fs::write(folder.path().join("other.toml"), "[environment.a.service]\nport = 3\n")
        .expect("a second file");
    let port = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut show = command(folder.path(), &[&["show", "--output", "json"], arguments].concat());
        let (stdout, _) = succeeds(show.envs(variables.iter().copied()));
        let shown: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
        shown["config"]["service"]["port"].as_u64()
    };
    let both = [("SKYWARD_CONFIG", "other.toml"), ("SKYWARD_ENVIRONMENT", "a")];
    assert_eq!(port(&[], &both), Some(3));
    assert_eq!(port(&["--config", "skyward.toml"], &both), Some(1));
    assert_eq!(port(&["--config", "skyward.toml", "-e", "b"], &both), Some(2));
    // An empty variable is what a pipeline passes that has nothing to say.
    assert_eq!(port(&[], &[("SKYWARD_CONFIG", ""), ("SKYWARD_ENVIRONMENT", "")]), Some(8000));
}

#[test]
fn files_that_cannot_be_read() {
    let folder = folder(vec![b' '; 10 * 1024 * 1024]);
    let named = |name: &str| command(folder.path(), &["check", "--config", name]);
    fails(
        &mut command(folder.path(), &["check"]),
        "error: cannot read the configuration file skyward.toml: it is too large; the limit is 1048576 bytes (1 MiB), and it has 10485760 bytes. Is it the right file?",
    );
    fails(
        &mut named("missing.toml"),
        "error: cannot read the configuration file missing.toml: it is not there; check --config, or create the file (an empty one is valid)",
    );
    fails(
        command(folder.path(), &["check"]).env("SKYWARD_CONFIG", "missing.toml"),
        "error: cannot read the configuration file missing.toml: it is not there; check SKYWARD_CONFIG, or create the file (an empty one is valid)",
    );
    fails(
        &mut named("."),
        "error: cannot read the configuration file .: it is a directory; --config names a file, such as ./skyward.toml",
    );
    fails(
        &mut named("skyward.toml/x"),
        "error: cannot read the configuration file skyward.toml/x: a part of the path is not a folder; check --config",
    );
}

/// A device has no size that could be known before it is read.
#[test]
#[cfg(unix)]
fn what_never_ends_is_not_read_to_its_end() {
    let folder = folder("");
    fails(
        &mut command(folder.path(), &["check", "--config", "/dev/zero"]),
        "error: cannot read the configuration file /dev/zero: it is too large; the limit is 1048576 bytes (1 MiB), and it has more. Is it the right file?",
    );
}

#[test]
fn no_file_at_all_says_where_it_was_looked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (code, stdout, stderr) = run(&mut command(folder.path(), &["show"]));
    assert_eq!((code, stdout.as_str()), (1, ""));
    let here = folder.path().canonicalize().expect("it is there");
    let above = here.parent().expect("a temporary folder is in another");
    let expected = format!(
        "error: there is no skyward.toml; looked in {}, {}, ",
        here.display(),
        above.display()
    );
    assert!(stderr.starts_with(&expected), "{stderr}");
    assert!(
        stderr.ends_with(
            ", /. Create one (an empty file is valid), or name one with --config FILE\n"
        ),
        "{stderr}"
    );
}

#[test]
#[cfg(unix)]
fn a_file_without_the_right_to_read_it() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    let folder = folder("");
    let file = folder.path().join("skyward.toml");
    let binary = folder.path().join("skyward-config");
    // A copy that any user can run. Made by another process: had this one the file open for writing
    // while a test beside starts a process, that process would have it open too, and a file
    // that is open for writing cannot be run.
    let copied = Command::new("cp").args([Path::new(BINARY), &binary]).status();
    assert!(copied.is_ok_and(|status| status.success()), "cp");
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("own files");
    };
    mode(folder.path(), 0o755);
    mode(&file, 0o200);
    let metadata = file.metadata().expect("it is there");
    let mut check = Command::new(&binary);
    check.arg("check").current_dir(folder.path()).env_clear();
    if std::fs::read(&file).is_ok() {
        // Root may read everything, so this is tried as nobody.
        check.uid(65534).gid(65534);
    }
    fails(
        &mut check,
        &format!(
            "error: cannot read the configuration file skyward.toml: permission denied (mode 0200, owner {}, group {}); allow this user to read it",
            metadata.uid(),
            metadata.gid()
        ),
    );
}

#[test]
#[cfg(unix)]
fn a_variable_that_is_no_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = folder("");
    fails(
        command(folder.path(), &["check"])
            .env("SKYWARD_SERVICE__NAME", OsStr::from_bytes(b"a\xff")),
        "SKYWARD_SERVICE__NAME: value: \"a\u{fffd}\" is not UTF-8; set it to text in UTF-8\n1 error in the configuration",
    );
}

#[test]
fn a_variable_with_one_underscore_is_noted() {
    let folder = folder("");
    let (stdout, stderr) =
        succeeds(command(folder.path(), &["check"]).env("SKYWARD_SERVICE_ADMIN_PORT", "1"));
    assert_eq!(stdout, "");
    let note = "note     SKYWARD_SERVICE_ADMIN_PORT is not read; a key's variable has two underscores: SKYWARD_SERVICE__ADMIN_PORT\n";
    assert_eq!(stderr, format!("{note}skyward.toml is valid (no environments)\n"));
}

#[test]
fn schema_and_docs_need_no_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (schema, _) = succeeds(&mut command(folder.path(), &["schema"]));
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON alone");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let (docs, _) = succeeds(&mut command(folder.path(), &["docs"]));
    assert!(
        docs.starts_with("# The configuration\n")
            && docs.contains("| `port` | whole number | `8000` | `SKYWARD_SERVICE__PORT` |")
    );
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let folder = folder("");
    for arguments in [&[][..], &["nonsense"], &["show", "--output", "xml"], &["show", "--config"]] {
        let (code, stdout, stderr) = run(&mut command(folder.path(), arguments));
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(stderr.contains("--help"), "{stderr}");
    }
}

/// `config docs | head -1` ends without a word.
#[test]
#[cfg(unix)]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::Stdio;

    let folder = folder("");
    let mut child = command(folder.path(), &["docs"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()),
        (Some(0), "")
    );
}

#[test]
fn a_mistake_in_the_call_is_told_from_one_in_the_configuration() {
    let folder = folder("");
    for (arguments, said) in [
        (
            &["show", "--set", "service.port"][..],
            "it has the form KEY=VALUE, such as service.port=8081",
        ),
        (&["shwo"], "a similar subcommand exists: 'show'"),
        (&["show", "--ouput", "json"], "a similar argument exists: '--output'"),
    ] {
        let (code, stdout, stderr) = run(&mut command(folder.path(), arguments));
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
}
