//! `secret`: the Secrets that the pods use.

use std::io::{self, BufRead, IsTerminal, Read};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use rustix::termios::{self, LocalModes, OptionalActions};
use skyward_config::Config;
use skyward_terminal::consent::{self, Answer};
use skyward_terminal::interrupt::Interruptible;
use skyward_terminal::style::Stream;
use skyward_terminal::{Exit, Output, Table, output, program, units};

use crate::api::{ApiServer, Apply};
use crate::common::{Common, Session};
use crate::event::Event;
use crate::manifest::{Kind, ObjectId};
use crate::release::Release;
use crate::{inputs, render, secrets};

/// Set, list and remove the Secrets of the namespace; their values are never shown
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Set a key of a Secret to what standard input or a file holds; the Secret and the namespace are made where they are not there
    Set {
        /// The Secret
        #[arg(value_parser = secret_name)]
        name: String,
        /// Its key
        #[arg(value_parser = secret_key)]
        key: String,
        /// Take the value from this file, byte by byte, instead of standard input, of which an end of line is left out
        #[arg(long, value_name = "FILE")]
        from_file: Option<PathBuf>,
    },
    /// List the Secrets, their keys, and how long the values are
    List,
    /// Remove a key of a Secret, or the whole of it
    Remove {
        /// The Secret
        #[arg(value_parser = secret_name)]
        name: String,
        /// Its key [default: all of them, and the Secret]
        #[arg(value_parser = secret_key)]
        key: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// A name as Kubernetes takes it: DNS labels with dots between them.
fn secret_name(text: &str) -> Result<String, String> {
    let is_label = |label: &str| {
        let inner =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() <= 253 && text.split('.').all(is_label) {
        return Ok(text.to_owned());
    }
    Err("a Secret's name is DNS labels (a-z, 0-9 and inner -) with dots between them, such as database".into())
}

/// A key as Kubernetes takes it (`IsConfigMapKey`).
fn secret_key(text: &str) -> Result<String, String> {
    let is_right = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    let is_key = (1..=253).contains(&text.len())
        && text.chars().all(is_right)
        && text != "."
        && !text.starts_with("..");
    if is_key {
        return Ok(text.to_owned());
    }
    Err("a key is 1 to 253 letters, digits, ., _ and -, such as url; the value is no argument, but standard input".into())
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    match &args.command {
        Command::Set { name, key, from_file } => set(common, (name, key), from_file.as_ref()).await,
        Command::List => list(common).await,
        Command::Remove { name, key, yes } => remove(common, name, key.as_deref(), *yes).await,
    }
}

async fn set(
    common: &Common,
    (name, key): (&str, &str),
    from_file: Option<&PathBuf>,
) -> Result<Exit> {
    let loaded = common.load()?;
    let value = match from_file {
        Some(file) => std::fs::read(file).with_context(|| format!("reading {}", file.display()))?,
        None => typed(name, key)?,
    };
    if value.is_empty() {
        bail!(
            "setting {key} of Secret {name}: the value is empty. Next step: write it to standard input, or name a file with --from-file"
        );
    }
    let shown = common.events();
    let api = common.connect(&loaded, &shown).await?;
    let namespace = &loaded.config.k3s.namespace;
    make_namespace(&api, &loaded.config).await?;
    let changed = secrets::set(&api, namespace, name, key, &value).await?;
    let is_used = inputs::referenced(&loaded.config.k3s).contains_key(name);
    let then = if is_used {
        format!(" `{}` starts pods that have it.", program::command("deploy-k3s"))
    } else {
        " No key of [k3s] uses it: see secrets, secret_files and env_from_secrets.".to_owned()
    };
    let text = if changed {
        format!("{key} of Secret {name} is set in namespace {namespace}.{then}")
    } else {
        format!("Nothing to do: {key} of Secret {name} has this value already.")
    };
    shown.emit(Event::finished(text));
    Ok(Exit::Done)
}

/// Reads the value from standard input; from a terminal, without showing it.
fn typed(name: &str, key: &str) -> Result<Vec<u8>> {
    let mut value = Vec::new();
    let most = secrets::LARGEST as u64 + 1;
    let stdin = io::stdin();
    if stdin.is_terminal() {
        let before = termios::tcgetattr(&stdin).context("preparing the terminal")?;
        let mut silent = before.clone();
        silent.local_modes &= !LocalModes::ECHO;
        output::write_err(&format!("{key} of Secret {name}, which is not shown: "));
        termios::tcsetattr(&stdin, OptionalActions::Flush, &silent)
            .context("preparing the terminal")?;
        let mut line = String::new();
        let read = Interruptible(stdin.lock()).read_line(&mut line);
        let _ = termios::tcsetattr(&stdin, OptionalActions::Flush, &before);
        output::say("");
        read.context("reading the value")?;
        value = line.into_bytes();
    } else {
        stdin.lock().take(most).read_to_end(&mut value).context("reading standard input")?;
    }
    if value.last() == Some(&b'\n') {
        value.pop();
        if value.last() == Some(&b'\r') {
            value.pop();
        }
    }
    Ok(value)
}

/// Makes the namespace as a deployment would: a first deployment needs its Secrets before.
async fn make_namespace(api: &ApiServer, config: &Config) -> Result<()> {
    let release = Release::of(config);
    let name = config.k3s.namespace.clone();
    let id = ObjectId { kind: Kind::Namespace, namespace: None, name };
    if release.makes_namespace() && api.get(&id).await?.is_none() {
        api.apply(&render::namespace(&release), Apply::default()).await?;
    }
    Ok(())
}

async fn list(common: &Common) -> Result<Exit> {
    let Session { loaded, api, .. } = common.open(common.notes()).await?;
    let namespace = &loaded.config.k3s.namespace;
    let found = secrets::list(&api, namespace).await?;
    if common.output == Output::Json {
        output::document(&found)?;
        return Ok(Exit::Done);
    }
    if found.is_empty() {
        output::say(&format!("There is no Secret in namespace {namespace}."));
        return Ok(Exit::Done);
    }
    let used = inputs::referenced(&loaded.config.k3s);
    let mut table = Table::new(["secret", "key", "bytes", "used"]).right(2).shorten(0).shorten(1);
    for secret in &found {
        let is_used = if used.contains_key(&secret.name) { "yes" } else { "no" };
        for (key, bytes) in &secret.keys {
            table.row([secret.name.clone(), key.clone(), bytes.to_string(), is_used.to_owned()]);
        }
        if secret.keys.is_empty() {
            table.row([secret.name.clone(), String::new(), "0".to_owned(), is_used.to_owned()]);
        }
    }
    output::print(&table.for_stream(Stream::Out))?;
    Ok(Exit::Done)
}

async fn remove(common: &Common, name: &str, key: Option<&str>, yes: bool) -> Result<Exit> {
    let Session { loaded, shown, api } = common.open(common.events()).await?;
    let namespace = &loaded.config.k3s.namespace;
    let what = match key {
        Some(key) => format!("{key} of Secret {name}"),
        None => format!("Secret {name}"),
    };
    let used = inputs::referenced(&loaded.config.k3s);
    let count = used.get(name).map_or(0, |keys| keys.len().max(1));
    let use_of_it = match count {
        0 => "No key of [k3s] uses it.".to_owned(),
        count => {
            format!("The pods use it: {} of the configuration.", units::counted(count, "reference"))
        }
    };
    let operation = format!("remove {what} from namespace {namespace}");
    let question = format!("This removes {what} from namespace {namespace}. {use_of_it}");
    consent::ask(&operation, &question, Answer::Name(name), yes)?;
    let text = if secrets::remove(&api, namespace, name, key).await? {
        format!("{what} is removed from namespace {namespace}.")
    } else {
        format!("Nothing to do: there is no {what} in namespace {namespace}.")
    };
    shown.emit(Event::finished(text));
    Ok(Exit::Done)
}
