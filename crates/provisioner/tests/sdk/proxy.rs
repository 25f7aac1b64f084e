//! The way to AWS through a proxy and with an authority of one's own, asked for by the environment as every program reads it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The host that stands for AWS.
const HOST: &str = "sts.eu-central-1.amazonaws.com";
const ANSWER: &str = "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>said behind the proxy</Message></Error></ErrorResponse>";

/// An authority as a company has one, and a server's side of TLS with a certificate of it.
struct Authority {
    pem: String,
    server: Arc<ServerConfig>,
}

fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| {
        let key = KeyPair::generate().expect("a key");
        let mut own = CertificateParams::new(Vec::new()).expect("an authority");
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = own.self_signed(&key).expect("it signs itself").pem();
        let (leaf, names) = (KeyPair::generate().expect("a key"), [HOST, "localhost"]);
        let certificate = CertificateParams::new(names.map(str::to_owned)).expect("names");
        let certificate = certificate.signed_by(&leaf, &Issuer::new(own, key)).expect("signed");
        let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret)
            .expect("a certificate with its key");
        Authority { pem, server: Arc::new(server) }
    })
}

/// Answers one request over TLS, as AWS refuses credentials.
fn refuse(stream: TcpStream) -> std::io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(&authority().server)).expect("a connection");
    let mut stream = StreamOwned::new(connection, stream);
    // The whole request is there at once.
    let _ = stream.read(&mut [0; 16 * 1024])?;
    let length = ANSWER.len();
    write!(
        stream,
        "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{ANSWER}"
    )?;
    stream.flush()
}

/// A proxy that is asked for connections, and serves them itself: what each was for, and with which credentials.
fn proxy() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let (tell, asked) = mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let lines = BufReader::new(stream.try_clone().expect("a handle")).lines();
            let head: Vec<String> =
                lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let _ = tell.send(head.join("\n"));
            let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
            let _ = refuse(stream);
        }
    });
    (address, asked)
}

/// The port of a server on this machine that speaks TLS with a certificate of the authority.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        listener.incoming().map_while(Result::ok).for_each(|stream| drop(refuse(stream)));
    });
    port
}

/// Runs `status` with this environment alone: what it says.
fn status(folder: &Path, environment: &[(&str, &str)]) -> String {
    std::fs::write(folder.join("skyward.toml"), "[aws]\nuser_data = \"skyward.toml\"\n")
        .expect("a configuration");
    std::fs::write(folder.join("authority.pem"), &authority().pem).expect("a certificate");
    let output = Command::new(env!("CARGO_BIN_EXE_skyward-provisioner"))
        .arg("status")
        .current_dir(folder)
        .env_clear()
        .envs([("AWS_ACCESS_KEY_ID", "nobody"), ("AWS_SECRET_ACCESS_KEY", "nothing")])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied())
        .output()
        .expect("it starts");
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn a_proxy_and_an_authority_of_the_environment_are_used() {
    let (folder, (address, asked)) = (tempfile::tempdir().expect("a folder"), proxy());
    let proxy = format!("http://me:secret@{address}");
    let with_proxy = ("HTTPS_PROXY", proxy.as_str());
    let said = status(folder.path(), &[with_proxy, ("AWS_CA_BUNDLE", "authority.pem")]);
    assert!(said.contains("said behind the proxy"), "{said}");
    let head = asked.try_recv().expect("the proxy was asked");
    assert!(head.starts_with(&format!("CONNECT {HOST}:443 ")), "{head}");
    assert!(
        head.to_ascii_lowercase().contains("\nproxy-authorization: basic bwu6c2vjcmv0"),
        "{head}"
    );
    // The system's own authorities may be replaced as everywhere.
    let said = status(folder.path(), &[with_proxy, ("SSL_CERT_FILE", "authority.pem")]);
    assert!(said.contains("said behind the proxy"), "{said}");
    let said = status(folder.path(), &[with_proxy]);
    assert!(said.contains(HOST) && said.contains("AWS_CA_BUNDLE"), "{said}");
    assert!(said.contains(&address) && !said.contains("secret"), "{said}");
}

#[test]
fn a_host_without_a_proxy_is_reached_directly() {
    let (folder, (address, asked)) = (tempfile::tempdir().expect("a folder"), proxy());
    let (proxy, url) = (format!("http://{address}"), format!("https://localhost:{}", server()));
    let environment = [
        ("HTTPS_PROXY", proxy.as_str()),
        ("AWS_ENDPOINT_URL", &url),
        ("AWS_CA_BUNDLE", "authority.pem"),
    ];
    let said = status(folder.path(), &environment);
    assert!(said.contains("said behind the proxy"), "{said}");
    assert!(asked.try_recv().is_ok(), "the proxy was asked");
    let said =
        status(folder.path(), &[&environment[..], &[("NO_PROXY", "localhost,.internal")]].concat());
    assert!(said.contains("said behind the proxy"), "{said}");
    assert!(asked.try_recv().is_err(), "it was not asked");
}

#[test]
fn what_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("nothing.pem"), "nothing").expect("a file");
    for (bundle, why) in [("absent.pem", "No such file"), ("nothing.pem", "no certificate")] {
        let said = status(folder.path(), &[("AWS_CA_BUNDLE", bundle)]);
        for word in ["AWS_CA_BUNDLE", bundle, why] {
            assert!(said.contains(word), "{said}");
        }
    }
    // Nobody listens there: the endpoint and the proxy are named, and it is said within seconds.
    let nobody =
        TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
    let said = status(folder.path(), &[("HTTPS_PROXY", &format!("http://{nobody}"))]);
    assert!(said.contains(HOST) && said.contains(&nobody.to_string()), "{said}");
}
