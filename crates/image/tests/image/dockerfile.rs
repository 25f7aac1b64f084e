//! `deploy/Dockerfile` against the image that `build` writes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use skyward_config::ConfigArgs;
use skyward_image::pack::{Binary, pack};
use skyward_image::resolve::resolve;
use skyward_image::store::Store;
use skyward_image::{settings, write};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The instructions of the last stage, with continued lines joined.
fn last_stage() -> Vec<(String, String)> {
    let text = fs::read_to_string(workspace().join("deploy/Dockerfile")).unwrap();
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let joined = lines.join("\n").replace("\\\n", " ");
    let instructions: Vec<(String, String)> = joined
        .lines()
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(name, rest)| {
            (name.to_owned(), rest.split_whitespace().collect::<Vec<_>>().join(" "))
        })
        .collect();
    let last = instructions.iter().rposition(|(name, _)| name == "FROM").unwrap();
    instructions[last..].to_vec()
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    text.split(' ')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(key, value)| (key.to_owned(), value.trim_matches('"').to_owned()))
        .collect()
}

#[test]
fn the_dockerfile_and_build_agree() {
    let config =
        ConfigArgs { config: Some(workspace().join("skyward.toml")), ..ConfigArgs::default() };
    let config = config.load().unwrap().config;
    let spec = settings::spec(&config, None, None, 0);
    let packed =
        pack(&spec, &[Binary::new("linux/amd64".parse().unwrap(), b"binary".to_vec())]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let written =
        write::image(&packed, folder.path(), "web", "web", &["latest".to_owned()]).unwrap();
    let image = resolve(&Store::open(&written.archive).unwrap(), None).unwrap().config;
    let ours = image.config().clone().unwrap();

    let stage = last_stage();
    let of = |name: &str| {
        let found: Vec<&str> = stage
            .iter()
            .filter(|(other, _)| other == name)
            .map(|(_, rest)| rest.as_str())
            .collect();
        assert_eq!(found.len(), 1, "{name} stands there once: {found:?}");
        found[0].to_owned()
    };
    assert_eq!(of("FROM"), "scratch");
    assert_eq!(of("USER"), *ours.user().as_ref().unwrap());
    assert_eq!(of("WORKDIR"), *ours.working_dir().as_ref().unwrap());
    assert_eq!(of("STOPSIGNAL"), *ours.stop_signal().as_ref().unwrap());
    // oci-spec keeps the ports in no order.
    let mut ports = ours.exposed_ports().clone().unwrap();
    ports.sort();
    assert_eq!(of("EXPOSE"), ports.join(" "));
    assert_eq!(
        of("ENTRYPOINT"),
        serde_json::to_string(ours.entrypoint().as_ref().unwrap()).unwrap()
    );
    assert!(of("COPY").contains("--chown=0:0 --chmod=0555") && ours.cmd().is_none());
    let env: BTreeMap<String, String> = ours
        .env()
        .iter()
        .flatten()
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(k, v)| (k.into(), v.into()))
        .collect();
    assert_eq!(pairs(&of("ENV")), env);
    let labels = ours.labels().clone().unwrap();
    for (key, value) in pairs(&of("LABEL")).iter().filter(|(key, _)| !key.ends_with("licenses")) {
        assert_eq!(labels[key], *value);
    }
}

/// The last stage, built by a real builder around a binary that is there: base images cannot be pulled everywhere.
#[test]
#[ignore = "needs buildah"]
fn buildah_builds_the_last_stage() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/skyward-service"), "binary").unwrap();
    let text = fs::read_to_string(workspace().join("deploy/Dockerfile")).unwrap();
    let last = text[text.rfind("FROM scratch").unwrap()..].replace("--from=build ", "");
    fs::write(folder.path().join("Dockerfile"), last).unwrap();
    let storage = folder.path().join("storage");
    let buildah = || {
        let mut command = Command::new("buildah");
        command
            .arg("--root")
            .arg(storage.join("root"))
            .arg("--runroot")
            .arg(storage.join("run"))
            .args(["--storage-driver", "vfs"]);
        command
    };
    let output = buildah()
        .args(["bud", "--isolation", "chroot", "--tag", "test"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let archive = folder.path().join("image.tar");
    let output = buildah()
        .args(["push", "test"])
        .arg(format!("oci-archive:{}", archive.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let image = resolve(&Store::open(&archive).unwrap(), None).unwrap();
    let config = image.config.config().clone().unwrap();
    assert_eq!(config.user().as_deref(), Some("65532:65532"));
    assert_eq!(config.entrypoint().as_deref(), Some(&["/skyward-service".to_owned()][..]));
    assert_eq!(config.stop_signal().as_deref(), Some("SIGTERM"));
}
