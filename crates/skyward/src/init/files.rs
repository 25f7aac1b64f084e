//! The files that are written: their texts, and the one way in which a file comes to be, which overwrites nothing.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use skyward_config::{Input, resolve};
use skyward_terminal::output;

use super::source::Hint;

/// All that the files are made of.
pub(super) struct Answers {
    pub(super) package: String,
    pub(super) binary: Option<String>,
    /// The package's other binaries.
    pub(super) further: Vec<String>,
    pub(super) port: Hint<u16>,
    /// A path, `tcp` or `none`; left out where the service needs no such key.
    pub(super) health: Option<Hint<String>>,
    /// The variable that the program reads its port from.
    pub(super) variable: Option<Hint<String>>,
    pub(super) workflow: bool,
}

const CONFIG: &str = "skyward.toml";
const SCHEMA: &str = "deploy/skyward.schema.json";
const RULES: &str = "deploy/.dive-ci";
const WORKFLOW: &str = ".github/workflows/skyward.yml";

/// The image's rules, as dive reads them.
const RULES_TEXT: &str = "\
# The rules of the image, as dive reads them: `skyward image inspect` checks them, and fails where one is broken.
rules:
  # Bytes that count once, of all bytes of the layers.
  lowestEfficiency: 0.98
  # Bytes that later layers hide, and their part of all bytes.
  highestWastedBytes: 5MB
  highestUserWastedPercent: 0.20
";

/// The workflow. The action is pinned as those of Skyward's own workflows are.
const WORKFLOW_TEXT: &str = include_str!("workflow.yml");

/// Writes the files below `root` that are not there yet, and returns them; skyward.toml is the last.
pub(super) fn write(root: &Path, answers: &Answers) -> Result<Vec<PathBuf>> {
    let rules = [RULES, ".dive-ci"].into_iter().find(|path| root.join(path).exists());
    let config = config(answers, rules.unwrap_or(RULES));
    check(&config)?;
    let schema = format!("{:#}\n", skyward_config::schema());
    let mut files = vec![(SCHEMA, schema.as_str())];
    if rules.is_none() {
        files.push((RULES, RULES_TEXT));
    }
    if answers.workflow {
        files.push((WORKFLOW, WORKFLOW_TEXT));
    }
    files.push((CONFIG, &config));
    let mut written = Vec::new();
    for (name, text) in files {
        if create(&root.join(name), text).with_context(|| format!("init: writing {name}"))? {
            written.push(PathBuf::from(name));
        } else {
            output::say(&format!("{name} is there already, and stays as it is"));
        }
    }
    Ok(written)
}

/// Makes a file that holds the text; returns false where there is one.
fn create(path: &Path, text: &str) -> Result<bool> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Nothing is written that would not be read.
fn check(config: &str) -> Result<()> {
    let input = Input {
        file: CONFIG,
        bytes: config.as_bytes(),
        environment: None,
        variables: &[],
        flags: &[],
    };
    resolve(&input).map(drop).map_err(|problems| anyhow!("init: {problems}"))
}

/// Text as TOML has it: a JSON string is one.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A line with its comment in a column of its own.
fn line(text: &mut String, key: &str, comment: &str) {
    let _ = if comment.is_empty() {
        writeln!(text, "{key}")
    } else {
        writeln!(text, "{key:<33} # {comment}")
    };
}

fn config(answers: &Answers, rules: &str) -> String {
    let mut text = format!(
        "#:schema ./{SCHEMA}\n\
         # The configuration of Skyward. Every key is optional; `skyward config docs` explains each, `skyward config show` prints what\n\
         # holds and where it came from. Over this file lie [environment.NAME.…] (--environment NAME), variables such as\n\
         # SKYWARD_SERVICE__PORT, and --set service.port=8081. What is commented out is an example. Secrets do not belong here.\n\
         \n[service]\n"
    );
    line(
        &mut text,
        &format!("package = {}", quoted(&answers.package)),
        "its name is also the service's and the image's",
    );
    if let Some(binary) = &answers.binary {
        line(&mut text, &format!("binary = {}", quoted(binary)), "");
    }
    line(&mut text, "# name = \"web\"", "on Kubernetes and in labels, where it is to be another");
    line(&mut text, &format!("port = {}", answers.port.value), &answers.port.from);
    if let Some(health) = &answers.health {
        let value = match health.value.as_str() {
            word @ ("tcp" | "none") => quoted(word),
            path => format!("{{ ready = {0}, live = {0} }}", quoted(path)),
        };
        line(&mut text, &format!("health = {value}"), &health.from);
    }
    match &answers.variable {
        Some(variable) => {
            let key = format!("env = {{ {} = \"{}\" }}", variable.value, answers.port.value);
            line(&mut text, &key, &format!("read at {}", variable.from));
        }
        None => line(&mut text, "# env = { RUST_LOG = \"info\" }", "plain text: no secrets"),
    }
    text += "\n[image]\n";
    line(
        &mut text,
        "# repository = \"ghcr.io/acme/web\"",
        "with a registry it can be pushed; without it: the service's name",
    );
    line(&mut text, "# platforms = [\"linux/amd64\"]", "several make an image index");
    line(
        &mut text,
        "# files = { \"static\" = \"/static\" }",
        "path here = path in the image, which else has the binary alone",
    );
    if !answers.further.is_empty() {
        let further: Vec<_> = answers.further.iter().map(|name| quoted(name)).collect();
        let key = format!("# binaries = [{}]", further.join(", "));
        line(&mut text, &key, "further ones of the package, beside it in the image");
    }
    line(&mut text, "# certificates = true", "for a service that calls others over HTTPS");
    let rules_key = format!("rules = {}", quoted(rules));
    line(
        &mut text,
        &if rules == RULES { format!("# {rules_key}") } else { rules_key },
        "what `skyward image inspect` checks",
    );
    text += "\n[k3s]\n";
    line(&mut text, "# context = \"my-k3s\"", "of your kubeconfig: `skyward up` then deploys too");
    line(&mut text, "# namespace = \"web\"", "");
    line(&mut text, "# replicas = 2", "");
    line(&mut text, "# memory_limit = \"64Mi\"", "what goes over it is ended");
    line(&mut text, "# host = \"web.example.com\"", "of the Ingress, instead of a nip.io name");
    text += "\n[aws]\n";
    line(
        &mut text,
        "# run = \"service\"",
        "the instances run the image; without it, a page that says that it works",
    );
    line(&mut text, "# name = \"web\"", "`skyward provision-aws plan --simulate` needs no account");
    line(&mut text, "# region = \"eu-central-1\"", "");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(health: Option<&str>) -> Answers {
        let hint = |value: &str| Hint { value: value.to_owned(), from: "src/main.rs:7".into() };
        Answers {
            package: "my_web".into(),
            binary: Some("serve".into()),
            further: vec!["migrate".into(), "my_web".into()],
            port: Hint { value: 8080, from: "src/main.rs:3".into() },
            health: health.map(hint),
            variable: Some(hint("PORT")),
            workflow: true,
        }
    }

    #[test]
    fn every_text_is_valid() {
        for health in [None, Some("tcp"), Some("none"), Some("/health?full=\"yes\"")] {
            check(&config(&answers(health), RULES)).unwrap();
            check(&config(&answers(health), ".dive-ci")).unwrap();
        }
    }

    #[test]
    fn the_examples_are_valid_too() {
        let text = config(&answers(None), RULES);
        let is_example = |line: &&str| {
            line.starts_with("# ") && line.contains(" = ") && !line.starts_with("# SKYWARD")
        };
        let lines = text.lines().map(|line| if is_example(&line) { &line[2..] } else { line });
        // The variable's own line is there already.
        check(&lines.collect::<Vec<_>>().join("\n")).unwrap();
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".dive-ci"), "rules:\n").unwrap();
        let first = write(folder.path(), &answers(Some("tcp"))).unwrap();
        assert_eq!(first, [SCHEMA, WORKFLOW, CONFIG].map(PathBuf::from));
        let text = fs::read_to_string(folder.path().join(CONFIG)).unwrap();
        assert!(text.contains("\nrules = \".dive-ci\""), "{text}");
        assert_eq!(write(folder.path(), &answers(None)).unwrap(), [""; 0].map(PathBuf::from));
        assert_eq!(fs::read_to_string(folder.path().join(CONFIG)).unwrap(), text);
    }

    #[test]
    fn the_workflow_pins_what_our_own_pin() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let ours = fs::read_to_string(root.join(".github/workflows/ci.yml")).unwrap();
        let pinned: Vec<_> = WORKFLOW_TEXT.lines().filter(|line| line.contains("uses:")).collect();
        assert!(!pinned.is_empty());
        for line in pinned {
            let action = line.split("uses:").nth(1).unwrap().trim();
            assert!(ours.contains(action), "{action}");
        }
    }
}
