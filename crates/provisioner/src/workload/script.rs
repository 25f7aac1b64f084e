//! The user data: a script of the user's own as it is, or the one that fetches a release and runs it.

use std::io::ErrorKind;

use anyhow::Result;
use skyward_config::{Ask, Aws, DatabaseEngine, Loaded};

use super::unit::{self, URL_PROGRAM};
use super::{LIMIT, START_S, Service, Workload, database_port};
use crate::stack::Names;

/// The script without what differs. A line of what goes wrong is on the console, where `logs` reads it.
const SCRIPT: &str = include_str!("service.sh");
/// The program that writes the database's URL.
const DATABASE_URL: &str = include_str!("database-url.sh");

/// The script of a repository that has none.
const PAGE: &str = include_str!("../../../../infra/user-data.sh");

/// Reads the script that a configuration names. The one that it names by default need not be there.
pub(super) fn read(loaded: &Loaded) -> Result<String> {
    let script = &loaded.config.aws.user_data;
    let path = loaded.root.join(script);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error)
            if error.kind() == ErrorKind::NotFound && *script == Aws::default().user_data =>
        {
            return Ok(PAGE.to_owned());
        }
        Err(error) => anyhow::bail!(
            "reading [aws] user_data, {}: {error}. Next step: name a script that is there",
            path.display()
        ),
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        // As gzip's own format begins (RFC 1952 §2.3.1).
        let (what, next) = if error.as_bytes().starts_with(&[0x1f, 0x8b]) {
            ("it is compressed by gzip", "name the script as it was before")
        } else {
            ("it is no text in UTF-8", "name a script")
        };
        anyhow::anyhow!(
            "[aws] user_data, {}: {what}, and a plan shows the script as text. Next step: {next}",
            path.display()
        )
    })?;
    anyhow::ensure!(
        text.len() <= LIMIT,
        "[aws] user_data, {}: {} bytes, and EC2 takes {LIMIT}. Next step: let the script fetch the rest",
        path.display(),
        text.len()
    );
    Ok(text)
}

/// The script of a service. The same service makes the same script.
pub(super) fn of(service: &Service, aws: &Aws, names: &Names) -> String {
    let (release, workload) = (&service.release, Workload::Service(Box::new(service.clone())));
    let root = format!("/opt/skyward/{}", release.digest());
    let port = workload.port(aws);
    let probes = service.config.probes();
    let asks = match &probes.ask {
        Ask::Http { .. } => "http",
        Ask::Tcp => "tcp",
        Ask::Nothing => "nothing",
    };
    let variables = [
        ("BUCKET", shell(&names.bucket("assets"))),
        ("KEY", shell(&release.key())),
        ("SHA256", shell(release.digest())),
        ("REGION", shell(&aws.region)),
        ("PACKED", shell(if release.is_zstd { "zstd" } else { "gzip" })),
        ("ROOT", shell(&root)),
        ("PORT", port.to_string()),
        ("HEALTH_PORT", workload.check().port.unwrap_or(port).to_string()),
        ("HEALTH_PATH", shell(&aws.health_path)),
        ("ASKS", asks.to_owned()),
        ("START_S", probes.start_s.unwrap_or(START_S).to_string()),
    ];
    let variables = variables
        .iter()
        .fold(String::new(), |lines, (name, value)| format!("{lines}{name}={value}\n"));
    let program = if aws.database_url_file { database_url(aws) } else { String::new() };
    SCRIPT
        .replace("#VARIABLES\n", &variables)
        .replace("#DATABASE_URL\n", &program)
        .replace("#UNIT\n", &unit::of(service, aws, names, &root))
}

/// The part that makes the program for the database's URL.
fn database_url(aws: &Aws) -> String {
    let scheme = match aws.database_engine {
        DatabaseEngine::Mysql => "mysql",
        DatabaseEngine::Postgres => "postgresql",
    };
    let program = DATABASE_URL
        .replace("#REGION", &aws.region)
        .replace("#SCHEME", scheme)
        .replace("#PORT", &database_port(aws).to_string())
        .replace("#NAME", super::DATABASE);
    format!(
        "cat > {URL_PROGRAM} <<'SKYWARD_DATABASE_URL'\n{program}SKYWARD_DATABASE_URL\nchmod 700 {URL_PROGRAM}\n\n"
    )
}

/// A value as one word of the shell.
fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
