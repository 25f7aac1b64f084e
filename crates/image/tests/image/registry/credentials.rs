//! Where credentials are found: files of Docker and podman, and helpers that are processes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;

use skyward_image::registry::{Credentials, CredentialsError, Environment, Secret, find_in};

use crate::support::script;

/// A home of its own, and the variables that lead to it.
struct Home {
    folder: tempfile::TempDir,
    variables: HashMap<&'static str, OsString>,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let system = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{system}", folder.path().join("bin").display());
        let variables = HashMap::from([("HOME", folder.path().into()), ("PATH", path.into())]);
        Self { folder, variables }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn helper(&self, name: &str, text: &str) {
        let folder = self.folder.path().join("bin");
        fs::create_dir_all(&folder).expect("a folder");
        script(&folder.join(format!("docker-credential-{name}")), text);
    }

    fn set(&mut self, name: &'static str, path: &str) {
        self.variables.insert(name, self.folder.path().join(path).into());
    }

    fn find(&self, reference: &str) -> Result<Credentials, CredentialsError> {
        let variable = |name: &str| self.variables.get(name).cloned();
        find_in(&reference.parse().expect("a reference"), &Environment { variable: &variable })
    }

    /// `user:password`, `token …` or `nothing`.
    fn secret(&self, reference: &str) -> String {
        match self.find(reference).expect(reference).secret {
            Secret::Anonymous => "nothing".to_owned(),
            Secret::Basic { username, password } => format!("{username}:{password}"),
            Secret::IdentityToken(token) => format!("token {token}"),
        }
    }
}

/// `{"auths": {…}}` with user and password under each key.
fn auths(entries: &[(&str, &str)]) -> String {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let entries: Vec<String> = entries
        .iter()
        .map(|(key, login)| format!(r#""{key}":{{"auth":"{}"}}"#, encode(login)))
        .collect();
    format!(r#"{{"auths":{{{}}}}}"#, entries.join(","))
}

#[test]
fn the_most_specific_key_wins() {
    let home = Home::new();
    home.write(
        ".config/containers/auth.json",
        &auths(&[
            ("ghcr.io", "host:1"),
            ("ghcr.io/acme", "org:2"),
            ("ghcr.io/acme/web", "repo:3"),
            ("localhost:5000", "local:4"),
            ("localhost:6000/", "slash:5"),
        ]),
    );
    for (reference, expected) in [
        ("ghcr.io/acme/web:1", "repo:3"),
        ("ghcr.io/acme/web/sub", "repo:3"),
        ("ghcr.io/acme/website", "org:2"),
        ("ghcr.io/other", "host:1"),
        ("localhost:5000/a", "local:4"),
        ("localhost:6000/a", "slash:5"),
        ("localhost/a", "nothing"),
        ("quay.io/acme/web", "nothing"),
    ] {
        assert_eq!(home.secret(reference), expected, "{reference}");
    }
}

#[test]
fn docker_hub_is_known_by_its_old_names() {
    for key in [
        "https://index.docker.io/v1/",
        "index.docker.io",
        "docker.io",
        "https://registry-1.docker.io/v2/",
        "index.docker.io/v1/",
    ] {
        let home = Home::new();
        home.write(".docker/config.json", &auths(&[(key, "alice:p:w")]));
        assert_eq!(home.secret("acme/web"), "alice:p:w", "{key}");
        assert_eq!(home.secret("ghcr.io/acme/web"), "nothing", "{key}");
    }
    let home = Home::new();
    home.write(".docker/config.json", &auths(&[("https://ghcr.io", "bob:x")]));
    assert_eq!(home.secret("ghcr.io/acme/web"), "bob:x");
}

#[test]
fn files_are_read_in_their_order() {
    let mut home = Home::new();
    home.write(".docker/config.json", &auths(&[("r.io", "docker-home:1")]));
    assert_eq!(home.secret("r.io/a"), "docker-home:1");
    home.write(".config/containers/auth.json", &auths(&[("r.io", "podman-home:2")]));
    assert_eq!(home.secret("r.io/a"), "podman-home:2");
    home.write(
        "run/containers/auth.json",
        &auths(&[("r.io", "podman-run:3"), ("only.run", "run:1")]),
    );
    home.set("XDG_RUNTIME_DIR", "run");
    assert_eq!(home.secret("r.io/a"), "podman-run:3");
    home.write("docker/config.json", &auths(&[("r.io", "docker-config:4")]));
    home.set("DOCKER_CONFIG", "docker");
    assert_eq!(home.secret("r.io/a"), "docker-config:4");
    assert_eq!(
        home.secret("only.run/a"),
        "run:1",
        "a file without the registry gives way to the next"
    );
    home.variables.insert("DOCKER_AUTH_CONFIG", auths(&[("r.io", "inline:5")]).into());
    assert_eq!(home.secret("r.io/a"), "inline:5");
    home.write("only.json", &auths(&[("r.io", "only:6")]));
    home.set("REGISTRY_AUTH_FILE", "only.json");
    assert_eq!(home.secret("r.io/a"), "only:6");
    assert_eq!(home.secret("only.run/a"), "nothing", "where it is set, nothing else is read");
}

#[test]
fn tokens_and_other_forms_of_entries_are_read() {
    let home = Home::new();
    home.write(
        ".docker/config.json",
        r#"{"auths":{
            "token.io":{"auth":"PHRva2VuPjo=","identitytoken":"abc"},
            "plain.io":{"username":"u","password":"p"},
            "unpadded.io":{"auth":"dTpw"},
            "nul.io":{"auth":"dTpwAAA="},
            "empty.io":{}
        },"HttpHeaders":{"User-Agent":"x"},"currentContext":"default"}"#,
    );
    for (reference, expected) in [
        ("token.io/a", "token abc"),
        ("plain.io/a", "u:p"),
        ("unpadded.io/a", "u:p"),
        ("nul.io/a", "u:p"),
        ("empty.io/a", "nothing"),
    ] {
        assert_eq!(home.secret(reference), expected);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_with_its_path_and_reason() {
    for (text, expected) in [
        ("{\"auths\":", "EOF while parsing"),
        ("[]", "invalid type"),
        (r#"{"auths":{"r.io":{"auth":"%%"}}}"#, "auths.\"r.io\": `auth` is not base64"),
        (r#"{"auths":{"r.io":{"auth":"dQ=="}}}"#, "not base64 of USER:PASSWORD"),
        (r#"{"auths":{"r.io":{"auth":7}}}"#, "line 1 column 26"),
    ] {
        let home = Home::new();
        home.write(".docker/config.json", text);
        let error = home.find("r.io/a").expect_err(text).to_string();
        assert!(
            error.contains(".docker/config.json") && error.contains(expected),
            "{text}: {error}"
        );
    }
    let home = Home::new();
    home.write(".docker/config.json", "");
    assert_eq!(home.secret("r.io/a"), "nothing", "an empty file is no error");
    let mut home = Home::new();
    home.set("REGISTRY_AUTH_FILE", "absent.json");
    assert!(
        home.find("r.io/a")
            .expect_err("a file that was asked for")
            .to_string()
            .contains("absent.json")
    );
    // A folder in its place cannot be read by anyone, root included.
    fs::create_dir(home.folder.path().join("absent.json")).expect("a folder");
    assert!(home.find("r.io/a").is_err());
}

#[test]
fn helpers_are_asked_by_their_protocol() {
    let home = Home::new();
    // Says what it was asked, so that the test sees the whole exchange.
    home.helper("echo", r#"read server; echo "{\"ServerURL\":\"$server\",\"Username\":\"$1\",\"Secret\":\"$server\"}""#);
    home.helper("token", r#"echo '{"ServerURL":"x","Username":"<token>","Secret":"refresh"}'"#);
    home.helper("none", "echo 'credentials not found in native keychain'; exit 1");
    home.write(
        ".docker/config.json",
        r#"{"credHelpers":{"r.io":"echo","docker.io":"echo","t.io":"token","n.io":"none"},"credsStore":"token",
           "auths":{"n.io":{"auth":"dTpw"}}}"#,
    );
    assert_eq!(home.secret("r.io/a"), "get:r.io");
    assert_eq!(home.secret("acme/web"), "get:https://index.docker.io/v1/");
    assert_eq!(home.secret("t.io/a"), "token refresh");
    assert_eq!(home.secret("other.io/a"), "token refresh", "the store answers for all others");
    assert_eq!(home.secret("n.io/a"), "nothing", "a registry's own helper is final");
    assert!(
        home.find("r.io/a").expect("found").origin.contains("docker-credential-echo (named in")
    );
}

#[test]
fn a_registrys_own_helper_that_fails_is_an_error_and_a_store_that_fails_a_note() {
    let home = Home::new();
    home.helper("fails", "echo 'the keychain is locked' >&2; exit 3");
    home.helper("garbage", "echo hello");
    for (helper, expected) in [
        ("fails", "the keychain is locked"),
        ("garbage", "not the JSON"),
        ("absent", "not in PATH"),
    ] {
        home.write(".docker/config.json", &format!(r#"{{"credHelpers":{{"r.io":"{helper}"}}}}"#));
        let error = home.find("r.io/a").expect_err(helper).to_string();
        assert!(
            error.contains(&format!("docker-credential-{helper}")) && error.contains(expected),
            "{error}"
        );
        home.write(
            ".docker/config.json",
            &format!(r#"{{"credsStore":"{helper}","auths":{{"r.io":{{"auth":"dTpw"}}}}}}"#),
        );
        assert_eq!(home.secret("r.io/a"), "u:p", "the file itself still helps");
        let origin = home.find("other.io/a").expect("no credentials").origin;
        assert!(origin.contains(expected), "{origin}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let shown = format!("{:?}", Credentials::basic("alice", "s3cret"));
    assert!(shown.contains("alice") && !shown.contains("s3cret"), "{shown}");
    assert!(!format!("{:?}", Secret::IdentityToken("s3cret".to_owned())).contains("s3cret"));
}

#[test]
fn what_cannot_be_understood_is_not_quoted() {
    let home = Home::new();
    for text in [
        r#"{"auths": {"r.example": "s3cret"}}"#,
        r#"{"auths": {"r.example": {"auth": ["s3cret"], "password": 1234567}}}"#,
        r#"{"auths": {"r.example": {"password": 1234567}}}"#,
        r#"{"auths": "s3cret"}"#,
        r#""s3cret""#,
    ] {
        home.write(".docker/config.json", text);
        let error = home.find("r.example/a").expect_err(text).to_string();
        assert!(!error.contains("s3cret") && !error.contains("1234567"), "{error}");
        assert!(error.contains("config.json") && error.contains("line 1"), "{error}");
    }
    home.write(".docker/config.json", r#"{"auths": {"r.example": "s3cret"}}"#);
    let error = home.find("r.example/a").expect_err("text").to_string();
    assert!(
        error.contains(r#"invalid type: string, expected an object such as {"auth""#),
        "{error}"
    );
    home.helper("odd", r#"echo '{"Username": "a", "Secret": ["s3cret"]}' # "#);
    home.helper("odder", r#"echo '"s3cret"'"#);
    for name in ["odd", "odder"] {
        let text = format!(r#"{{"credHelpers": {{"r.example": "{name}"}}}}"#);
        home.write(".docker/config.json", &text);
        let error = home.find("r.example/a").expect_err(name).to_string();
        assert!(!error.contains("s3cret") && error.contains("protocol"), "{error}");
    }
}
