//! The installed program in repositories that are not ours: each is made in a temporary folder with a space in its name.

#[path = "scratch/alone.rs"]
mod alone;
#[path = "scratch/dashboard.rs"]
mod dashboard;
#[path = "scratch/documents.rs"]
mod documents;
#[path = "scratch/mistakes.rs"]
mod mistakes;
#[path = "scratch/pty.rs"]
mod pty;
mod scratch;
#[path = "scratch/small.rs"]
mod small;
#[path = "scratch/walks.rs"]
mod walks;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use scratch::Scratch;
use serde_json::Value;
use small::{small, succeeds, text};

/// A service on hyper alone, of one port.
const HYPER: &str = include_str!("scratch/hyper.rs.in");

/// Passes its checks; the program itself knows nothing of SIGTERM, and that is its exit code.
#[track_caller]
fn passes(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(128 + 15), "{}", text(output));
    text(output)
}

#[track_caller]
fn fails(output: &Output, expected: &[&str]) {
    let said = text(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in expected {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}

#[test]
fn a_service_of_one_port_from_init_to_its_page() {
    let port = scratch::free_port();
    let scratch = small(&format!("0.0.0.0:{port}"));
    let init = scratch.skyward(&["init", "--workflow"]);
    let said = succeeds(&init);
    assert_eq!(
        String::from_utf8_lossy(&init.stdout),
        "deploy/skyward.schema.json\ndeploy/.dive-ci\n.github/workflows/skyward.yml\nskyward.toml\n"
    );
    assert!(said.contains("`skyward up`"), "{said}");
    let config = scratch.read("skyward.toml");
    assert!(config.starts_with("#:schema ./deploy/skyward.schema.json\n"), "{config}");
    assert!(config.contains(&format!("\nport = {port}")), "{config}");
    assert!(
        config.contains("health = { ready = \"/health\", live = \"/health\" } # src/main.rs:"),
        "{config}"
    );
    let shown: Value =
        serde_json::from_slice(&scratch.skyward(&["config", "show", "--output", "json"]).stdout)
            .unwrap();
    assert_eq!(shown["config"]["service"]["name"], "small-web");
    assert_eq!(shown["config"]["image"]["repository"], "small-web");

    let built = succeeds(&scratch.skyward(&["image", "build"]));
    assert!(built.contains("small-web@sha256:"), "{built}");
    let up = scratch.skyward(&["up", "--once"]);
    let said = succeeds(&up);
    let table = String::from_utf8_lossy(&up.stdout);
    for row in ["start", "page", "live", "ready", "provision"] {
        assert!(table.lines().any(|line| line.starts_with(row)), "{row}: {said}");
    }
    assert!(table.contains("200 the page"), "{said}");
    assert!(table.contains("skipped: nothing of [aws] is configured"), "{said}");

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/user-data.sh");
    fs::copy(script, scratch.path("script.sh")).unwrap();
    let page = scratch::free_port();
    let shown = format!("--dashboard={page}");
    let browser = std::thread::spawn(move || dashboard::events(page));
    let with_aws = scratch.skyward(&[
        "up",
        "--once",
        &shown,
        "--set",
        "aws.user_data=script.sh",
        "--set",
        "aws.health_path=/",
    ]);
    let said = succeeds(&with_aws);
    assert!(said.contains("resources created in"), "{said}");
    assert!(
        said.contains("`skyward provision-aws apply --simulate"),
        "commands are named as typed: {said}"
    );
    assert!(said.contains(&format!("Dashboard: http://127.0.0.1:{page}\n")), "{said}");
    let events = browser.join().unwrap();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).collect::<Vec<_>>();
    let rows = of("row");
    let table = String::from_utf8_lossy(&with_aws.stdout);
    let in_table = |row: &&Value| table.contains(row["step"].as_str().unwrap());
    assert!(rows.len() > 8 && rows.iter().all(in_table), "{rows:?}\n{table}");
    let layers = of("inspected")[0]["layers"].as_array().unwrap();
    assert!(layers.iter().all(|layer| layer["stored_bytes"].as_u64() > Some(0)), "{layers:?}");
    let svg = of("topology")[0]["svg"].as_str().unwrap();
    assert!(svg.contains("data-resources=\"vpc "), "{svg}");
    assert_eq!(of("up"), [&serde_json::json!({ "event": "up", "failure": null })]);

    // With nothing of AWS in the configuration, as its comments say; and the image that was built as a service.
    for run in ["page", "service"] {
        let run = format!("aws.run={run}");
        succeeds(&scratch.skyward(&["provision-aws", "plan", "--simulate", "--set", &run]));
    }

    fails(&scratch.skyward(&["image", "push"]), &["names no registry", "--to"]);
    fails(&scratch.skyward(&["image", "push", "--dry-run"]), &["names no registry", "--to"]);
}

#[test]
fn a_failure_names_the_url_and_the_answer() {
    let port = scratch::free_port();
    let scratch = small(&format!("0.0.0.0:{port}"));
    succeeds(&scratch.skyward(&["init"]));
    succeeds(&scratch.skyward(&["image", "build"]));
    let run = |health: &str| {
        let set = format!("service.health={health}");
        scratch.skyward(&[
            "image",
            "run",
            "--check",
            "--once",
            "--ready-timeout",
            "1",
            "--set",
            &set,
        ])
    };
    let url = format!("GET http://127.0.0.1:{port}");
    fails(&run("{ ready = '/nowhere' }"), &[&format!("{url}/nowhere answers 404: no such page")]);
    fails(
        &run("{ ready = '/private' }"),
        &[&format!("{url}/private answers 401: who are you?"), "asks for no login"],
    );
    fails(
        &run("{ ready = '/moved' }"),
        &[&format!("{url}/moved redirects to /health"), "redirects are not followed"],
    );
    let other = scratch::free_port();
    fails(
        &run(&format!("{{ ready = '/health', port = {other} }}")),
        &[
            &format!("GET http://127.0.0.1:{other}/health"),
            "Connection refused",
            &format!("the program listens on 0.0.0.0:{port} instead"),
        ],
    );
    passes(&run("tcp"));
    let none = passes(&run("none"));
    assert!(none.contains("not asked (service.health is \"none\")"), "{none}");
}

#[test]
fn a_service_that_listens_to_itself_alone_is_found_out() {
    let port = scratch::free_port();
    let scratch = small(&format!("127.0.0.1:{port}"));
    succeeds(&scratch.skyward(&["init"]));
    succeeds(&scratch.skyward(&["image", "build"]));
    let run =
        |more: &[&str]| scratch.skyward(&[&["image", "run", "--check", "--once"], more].concat());
    fails(&run(&[]), &[&format!("on 127.0.0.1:{port} only"), "0.0.0.0"]);
    passes(&run(&["--set", "service.host=127.0.0.1"]));
}

#[test]
fn init_sees_what_the_running_service_answers() {
    let port = scratch::free_port();
    let scratch = small(&format!("0.0.0.0:{port}"));
    let hidden = scratch.read("src/main.rs").replace("\"/health\"", "concat!(\"/hea\", \"lth\")");
    let matched = "path if path == Some(concat!(\"/hea\", \"lth\"))";
    scratch.write("src/main.rs", &hidden.replace("Some(concat!(\"/hea\", \"lth\"))", matched));
    succeeds(&scratch.skyward(&["init", "--run"]));
    let config = scratch.read("skyward.toml");
    assert!(config.contains("ready = \"/health\""), "{config}");
    assert!(config.contains("# seen when it ran"), "{config}");
}

/// Of several binaries it takes the one that `cargo run` would start.
#[test]
fn init_takes_the_main_binary_of_a_package() {
    for (key, main, line) in [
        ("", "src/main.rs", "package = \"many\""),
        ("default-run = \"serve\"\n", "src/bin/serve.rs", "binary = \"serve\""),
    ] {
        let scratch = Scratch::new();
        let package = "[package]\nname = \"many\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
        scratch.write("Cargo.toml", &format!("{package}{key}[workspace]\n"));
        for binary in ["src/bin/migrate.rs", "src/bin/zap.rs", main] {
            scratch.write(binary, "fn main() {}");
        }
        succeeds(&scratch.skyward(&["init", "--port", "81", "--health", "tcp"]));
        let config = scratch.read("skyward.toml");
        assert!(config.contains(line), "{config}");
        assert!(config.contains("# binaries = [\"migrate\", \"zap\"]"), "{config}");
    }
}

#[test]
fn init_refuses_what_it_cannot_know_in_one_error() {
    let scratch = Scratch::new();
    fails(&scratch.skyward(&["init"]), &["there is no Cargo.toml in", "nor in a folder above it"]);
    scratch.write(
        "Cargo.toml",
        "[package]\nname = \"many\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n",
    );
    scratch.write("src/lib.rs", "");
    fails(&scratch.skyward(&["init"]), &["no package of", "has a binary"]);
    for number in 0..10 {
        scratch.write(&format!("src/bin/b{number}.rs"), "fn main() {}");
    }
    fails(
        &scratch.skyward(&["init"]),
        &["10 binaries could be the service", "--binary", "b0 (many)", "b9 (many)"],
    );
    fails(&scratch.skyward(&["init", "--binary", "c"]), &["no binary of", "b0 (many)"]);
    // In a workspace with another service, one that is its package's main one is still one of several.
    scratch.write("src/main.rs", "fn main() {}");
    scratch.write(
        "other/Cargo.toml",
        "[package]\nname = \"other\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    );
    scratch.write("other/src/main.rs", "fn main() {}");
    let package = scratch.read("Cargo.toml");
    scratch.write("Cargo.toml", &format!("{package}members = [\"other\"]\n"));
    fails(&scratch.skyward(&["init"]), &["12 binaries could be the service", "other (other)"]);
    let wrong = scratch.skyward(&["init", "--binary", "b3", "--health", "health"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", text(&wrong));
    succeeds(&scratch.skyward(&["init", "--binary", "b3", "--port", "81", "--health", "tcp"]));
    let config = scratch.read("skyward.toml");
    assert!(
        config.contains("binary = \"b3\"\n") && config.contains("health = \"tcp\"\n"),
        "{config}"
    );
    fails(
        &scratch.skyward(&["init", "--binary", "b4"]),
        &["skyward.toml is there already, and nothing was written"],
    );
    assert_eq!(scratch.read("skyward.toml"), config);
}

#[test]
fn doctor_tells_everything_that_is_lacking_and_changes_nothing() {
    let port = scratch::free_port();
    let scratch = small(&format!("0.0.0.0:{port}"));
    let before_init = scratch.skyward(&["doctor"]);
    fails(&before_init, &["there is no skyward.toml", "skyward init"]);
    succeeds(&scratch.skyward(&["init"]));
    let files = scratch.files();
    let json: Value =
        serde_json::from_slice(&scratch.skyward(&["doctor", "--output", "json"]).stdout).unwrap();
    let state = |what: &str| {
        let all = json.as_array().unwrap();
        let found = all.iter().find(|check| check["what"] == what);
        found.unwrap_or_else(|| panic!("{what}: {json:#}"))["state"].as_str().unwrap().to_owned()
    };
    for what in [
        "configuration",
        "cargo",
        "builds for linux/amd64",
        "package",
        "image rules",
        "output folder",
    ] {
        assert_eq!(state(what), "ok", "{json:#}");
    }
    assert_eq!((state("cluster"), state("account")), ("skipped".into(), "skipped".into()));
    let _held = std::net::TcpListener::bind(("0.0.0.0", port)).unwrap();
    let lacking = scratch.skyward(&[
        "doctor",
        "--set=service.package=nowhere",
        "--set=k3s.context=nowhere",
        "--set=image.platforms=linux/s390x",
        "--set=image.rules=deploy/nowhere",
    ]);
    let port = format!("port {port}");
    fails(
        &lacking,
        &["LACKING", &port, "small_web", "nowhere", "rustup target add", "image.rules"],
    );
    assert_eq!(scratch.files(), files);
}

/// Of root, a namespace makes a user who is not.
#[test]
#[ignore = "needs unshare cc"]
fn the_answers_to_a_user_without_rights_are_those_of_the_page() {
    mistakes::hold(&mistakes::WITHOUT_RIGHTS);
}

#[test]
#[ignore = "needs unshare ip bash curl git cc"]
fn the_commands_of_readme_and_of_the_walks_run_as_they_are_written() {
    walks::run_all();
}

#[test]
fn the_commands_are_named_as_they_are_typed() {
    let scratch = Scratch::new();
    let version = succeeds(&scratch.skyward(&["--version"]));
    assert!(version.starts_with(concat!("skyward ", env!("CARGO_PKG_VERSION"))), "{version}");
    for arguments in [
        ["image", "--help"],
        ["deploy-k3s", "--help"],
        ["provision-aws", "--help"],
        ["config", "--help"],
    ] {
        let help = succeeds(&scratch.skyward(&arguments));
        assert!(help.contains(&format!("Usage: skyward {}", arguments[0])), "{help}");
    }
    let wrong = scratch.skyward(&["image", "biuld"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong).contains("build"), "{}", text(&wrong));
}

#[test]
fn completions_and_pages_have_the_whole_tree() {
    let scratch = Scratch::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = succeeds(&scratch.skyward(&["completions", shell]));
        for word in ["deploy-k3s", "rollback", "provision-aws", "ready-timeout", "workflow"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        syntax(shell, &script);
    }
    succeeds(&scratch.skyward(&["man", "--folder", "pages"]));
    for (page, word) in [
        ("skyward.1", "init"),
        ("skyward-image-push.1", "dry"),
        ("skyward-deploy-k3s-rollback.1", "rollback"),
    ] {
        let text = scratch.read(&format!("pages/{page}"));
        assert!(text.contains(".TH") && text.contains(word), "{page}: {text}");
    }
}

/// The shell's own opinion, where it is installed.
fn syntax(shell: &str, script: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script");
    fs::write(&path, script).unwrap();
    if let Ok(output) = Command::new(shell).arg("-n").arg(&path).output() {
        assert!(output.status.success(), "{shell}: {}", text(&output));
    }
}

/// The plain hyper service, with the crates that this workspace is compiled with: from the folder of the sources alone.
#[test]
fn a_plain_hyper_service_comes_up() {
    let port = scratch::free_port();
    let scratch = Scratch::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    scratch.write(
        "Cargo.toml",
        "[package]\nname = \"hyper-web\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         http-body-util = { version = \"0.1\", default-features = false }\n\
         hyper = { version = \"1.12\", default-features = false, features = [\"http1\", \"server\"] }\n\
         hyper-util = { version = \"0.1.21\", default-features = false, features = [\"tokio\"] }\n\
         tokio = { version = \"1\", default-features = false, features = [\"rt\", \"net\"] }\n\n[workspace]\n",
    );
    // The versions that are there already: nothing is asked of a registry.
    fs::copy(root.join("Cargo.lock"), scratch.path("Cargo.lock")).unwrap();
    scratch.write("src/main.rs", &HYPER.replace("PORT_NUMBER", &port.to_string()));
    succeeds(&scratch.skyward(&["init", "--yes"]));
    let up = scratch.skyward(&["up", "--once"]);
    let said = succeeds(&up);
    let table = String::from_utf8_lossy(&up.stdout);
    assert!(table.contains("200 Hello from hyper"), "{said}");
    assert!(table.contains(&format!("http://127.0.0.1:{port}")), "{said}");
}
