//! The generated user data on a machine: a real systemd, the real `aws` command line against a bucket that is served on this
//! machine, and the real binary of the sample.

mod image;
mod layout;
mod machine;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use skyward_config::{Aws, Config, DatabaseEngine, Health, HealthWord, Run};
use skyward_provisioner::topology::{LaunchTemplate, Names, Place, desired};
use skyward_provisioner::workload::{Release, Workload};

use machine::{Bucket, Machine, free_port};

const ACCOUNT: &str = "123456789012";
const SECRET: &str = "rds-cluster-secret";

/// The image of the sample, built as `cargo xtask image build` builds it.
fn release(folder: &Path) -> Release {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let built = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "skyward-image", "--", "build"])
        .args(["--set", &format!("image.output={}", folder.display())])
        .args(["--set", "image.files={\"LICENSE\" = \"/etc/skyward/license\"}"])
        .current_dir(root)
        .output()
        .expect("cargo starts");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Release::read(&folder.join(Config::default().service.name), "linux/amd64")
        .expect("the image was built")
}

/// A configuration with values that every reader of them could take for something else.
fn config() -> Config {
    let aws = Aws { run: Run::Service, database_url_file: true, ..Aws::default() };
    let mut config = Config { aws, ..Config::default() };
    config.aws.health_path = "/readyz".into();
    config.service.port = free_port();
    config.service.admin_port = free_port();
    config.service.args = vec!["--max-upgrades".into(), "7".into()];
    config.service.env = BTreeMap::from([("ODD".to_owned(), ODD.to_owned())]);
    config
}

const ODD: &str = "%n $HOME ${X} \"q\" \\ 'a' `id` $(id)\nSKYWARD_UNIT\ttab";

/// The user data, with the database as it would be filled in.
fn user_data(config: &Config, release: &Release) -> String {
    let place = Place {
        account: ACCOUNT.into(),
        zones: ["a", "b", "c"].map(|letter| format!("eu-central-1{letter}")),
    };
    let workload = Workload::service(config, release.clone());
    let topology = desired(&config.aws, &place, &workload).expect("a topology");
    let (_, template) = topology.all::<LaunchTemplate>().next().expect("there is one");
    template
        .user_data
        .replace("{{DATABASE_HOST}}", "db.example.internal")
        .replace("{{DATABASE_READER_HOST}}", "ro.example.internal")
        .replace("{{DATABASE_SECRET_ARN}}", SECRET)
}

fn bucket_name(config: &Config) -> String {
    Names::new(&config.aws.name, &config.aws.region, ACCOUNT).bucket("assets")
}

/// A machine with a bucket that has the release.
fn prepared() -> (Machine, Bucket, Config, Release) {
    let folder = tempfile::tempdir().expect("a folder");
    let (config, release) = (config(), release(folder.path()));
    let bucket = Bucket::start(&bucket_name(&config));
    bucket.put(&format!("releases/{}", release.digest()), release.content.bytes());
    let secret = "{\"username\":\"skyward\",\"password\":\"p@ss:/ w%rd\"}";
    bucket.aws(&["secretsmanager", "create-secret", "--name", SECRET, "--secret-string", secret]);
    (Machine::boot(&bucket), bucket, config, release)
}

#[test]
#[ignore = "needs systemd-analyze moto_server aws unshare nsenter root"]
fn the_service_runs_as_it_does_in_its_image() {
    let (machine, bucket, config, release) = prepared();
    let ran = machine.run(&user_data(&config, &release));
    assert!(ran.is_ok(), "{ran:?}\n{}", machine.console());
    let (port, admin) = (config.service.port, config.service.admin_port);
    assert!(machine.console().contains(&format!("the service answers on port {admin}")));
    assert_eq!(machine::get(port, "/").0, 200);
    assert_eq!(machine::get(admin, "/readyz").0, 200);

    let shell = |command: &str| machine.shell(command).unwrap_or_else(|error| panic!("{error}"));
    let pid = shell("systemctl show --property MainPID --value skyward");
    let environment = shell(&format!("cat /proc/{}/environ", pid.trim()));
    let variables: Vec<&str> = environment.split('\0').collect();
    let bucket_is = format!("ASSETS_BUCKET={}", bucket_name(&config));
    for expected in [
        &*format!("ODD={ODD}"),
        "DATABASE_HOST=db.example.internal",
        "DATABASE_READER_HOST=ro.example.internal",
        "DATABASE_PORT=3306",
        "DATABASE_NAME=skyward",
        &format!("DATABASE_SECRET_ARN={SECRET}"),
        &bucket_is,
        "AWS_REGION=eu-central-1",
        "DATABASE_URL_FILE=/run/skyward/database-url",
    ] {
        assert!(variables.contains(&expected), "{expected}: {variables:?}");
    }
    let arguments = shell(&format!("tr '\\0' ' ' < /proc/{}/cmdline", pid.trim()));
    assert_eq!(arguments.trim(), format!("{} --max-upgrades 7", release.command.join(" ")));
    // Not root, its own files for a root, and the URL on a tmpfs that it alone may read.
    let uid = shell(&format!("stat -c %u /proc/{}", pid.trim()));
    assert!(uid.trim().parse::<u32>().expect("a number") > 60_000, "a dynamic user: {uid}");
    let license = shell(&format!("cat /proc/{}/root/etc/skyward/license", pid.trim()));
    assert!(license.contains("Apache") || license.contains("MIT"), "{license}");
    let url = shell("cat /run/skyward/database-url");
    assert_eq!(url, "mysql://skyward:p%40ss%3A%2F%20w%25rd@db.example.internal:3306/skyward");
    assert_eq!(shell("stat -c '%a %u' /run/skyward/database-url"), format!("400 {uid}"));
    assert_eq!(shell("stat -f -c %T /run/skyward/database-url").trim(), "tmpfs");

    // It comes back by itself, and its last requests have their time when it ends.
    shell("systemctl kill --signal KILL skyward; sleep 3");
    assert_eq!(machine::get(port, "/").0, 200);
    shell("systemctl stop skyward");
    let result = shell("systemctl show --property Result --value skyward");
    assert_eq!(result.trim(), "success");
    drop((machine, bucket));
}

#[test]
#[ignore = "needs systemd-analyze moto_server aws unshare nsenter root"]
fn the_console_says_why_a_release_does_not_run() {
    let (machine, bucket, config, release) = prepared();
    let script = user_data(&config, &release);
    let key = format!("releases/{}", release.digest());
    let said = |what: &str| {
        let console = machine.console();
        let last = console.lines().last().unwrap_or_default().to_owned();
        assert!(last.starts_with("skyward: failed: "), "{what}: {console}");
        last
    };

    // No room for what is unpacked, and none for what is fetched.
    let full =
        machine.shell("mkdir -p /opt/skyward && mount -t tmpfs -o size=256k tmpfs /opt/skyward");
    full.expect("a small disk");
    machine.run(&script).expect_err("a full disk");
    assert!(said("full disk").contains("No space left on device"), "{}", machine.console());
    machine
        .shell("umount /opt/skyward; mount -t tmpfs -o size=64k tmpfs /var/tmp")
        .expect("another");
    machine.run(&script).expect_err("a full disk");
    assert!(said("full disk").contains("No space left on device"), "{}", machine.console());
    machine.shell("umount /var/tmp").expect("it is there");

    // A service that ends at once, with what it said.
    let mut other = config.clone();
    other.service.args = vec!["--no-such-flag".into()];
    let bad = user_data(&other, &release).replace("START_S=60", "START_S=3");
    machine.run(&bad).expect_err("it does not answer");
    assert!(said("bad flag").contains("no-such-flag"), "{}", machine.console());

    bucket.put(&key, b"something else");
    machine.run(&script).expect_err("another content");
    assert!(said("hash").contains("has another SHA-256 than"), "{}", machine.console());
    bucket.aws(&["s3api", "delete-object", "--bucket", &bucket.name, "--key", &key]);
    machine.run(&script).expect_err("no object");
    assert!(said("missing").contains("NoSuchKey"), "{}", machine.console());
}

/// Every form of the script.
fn scripts() -> Vec<(&'static str, String)> {
    let release = Release::new(b"layer".to_vec(), "/skyward-service");
    let of = |change: &dyn Fn(&mut Config), release: &Release| {
        let mut config = config();
        change(&mut config);
        user_data(&config, release)
    };
    let zstd = Release { is_zstd: true, ..release.clone() };
    let command = ["/skyward-service", "--log", "$X %n"].map(str::to_owned).to_vec();
    let words = Release { command, ..release.clone() };
    vec![
        ("http", of(&|_| {}, &release)),
        ("zstd", of(&|config| config.aws.database_url_file = false, &zstd)),
        ("postgres", of(&|config| config.aws.database_engine = DatabaseEngine::Postgres, &release)),
        (
            "tcp",
            of(&|config| config.service.health = Some(Health::Word(HealthWord::Tcp)), &release),
        ),
        (
            "none",
            of(&|config| config.service.health = Some(Health::Word(HealthWord::None)), &release),
        ),
        ("entry point", of(&|_| {}, &words)),
        ("authorities", of(&|config| config.image.certificates = true, &release)),
        ("port 80", of(&|config| config.aws.port = Some(80), &release)),
    ]
}

#[test]
fn the_script_is_small_and_the_same_each_time_and_holds_no_secret() {
    for ((name, script), (_, again)) in scripts().into_iter().zip(scripts()) {
        // The ports of a test are free ones.
        assert_eq!(script.lines().count(), again.lines().count(), "{name}");
        assert!(script.len() < 8 * 1024, "{name}: {} bytes", script.len());
        assert!(script.starts_with("#!/bin/bash\n") && script.contains("set -euo pipefail"));
        assert!(!script.contains("password") || script.contains("secret[key]"), "{name}");
        assert!(!script.contains("{{"), "{name}: {script}");
        assert_eq!(script.contains("-/etc/ssl"), name != "authorities", "{name}");
        if name == "entry point" {
            let start =
                "ExecStart=\"/skyward-service\" \"--log\" \"$$X %%n\" \"--max-upgrades\" \"7\"\n";
            assert!(script.contains(start), "{script}");
        }
    }
}

#[test]
#[ignore = "needs shellcheck"]
fn shellcheck_has_nothing_to_say_of_the_script() {
    for (name, script) in scripts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("user-data.sh");
        std::fs::write(&path, script).expect("a file");
        let said = Command::new("shellcheck").arg(&path).output().expect("shellcheck starts");
        assert!(said.status.success(), "{name}: {}", String::from_utf8_lossy(&said.stdout));
    }
}

#[test]
#[ignore = "needs systemd-analyze"]
fn systemd_reads_the_unit_and_finds_it_hardened() {
    for (name, script) in scripts() {
        let (_, rest) = script.split_once("<<'SKYWARD_UNIT'\n").expect("a unit");
        let (unit, _) = rest.split_once("\nSKYWARD_UNIT\n").expect("its end");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("skyward.service");
        // The two programs are the machine's; here they are another one's.
        let here = unit
            .replace("RootDirectory=/opt/skyward/", "#")
            .replace("\"/skyward-service\"", "/bin/true")
            .replace("/opt/skyward/database-url", "/bin/true");
        std::fs::write(&path, here).expect("a file");
        let analyze = |arguments: &[&str]| {
            let said = Command::new("systemd-analyze").args(arguments).arg(&path).output();
            let said = said.expect("systemd-analyze starts");
            let text = [said.stdout, said.stderr].concat();
            (said.status.success(), String::from_utf8_lossy(&text).into_owned())
        };
        let (is_good, said) = analyze(&["verify"]);
        assert!(is_good && !said.contains("skyward.service:"), "{name}: {said}");
        // From 0 for all that there is to 100 for nothing; a unit without any of it has 96.
        let (is_good, said) = analyze(&["security", "--offline=true", "--threshold=20"]);
        assert!(is_good, "{name}: {said}");
    }
}
