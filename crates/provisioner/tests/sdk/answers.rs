//! What the SDK's side makes of answers that are none: no server, one that hangs up, one that says nothing, one that is broken.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use skyward_aws::sdk::Sdk;
use skyward_aws::sdk::aws_config::ConfigLoader;
use skyward_aws::sdk::aws_config::timeout::TimeoutConfig;
use skyward_aws::sdk::aws_credential_types::Credentials;
use skyward_aws::sdk::aws_credential_types::provider::error::CredentialsError;
use skyward_aws::sdk::aws_credential_types::provider::{ProvideCredentials, future};
use skyward_aws::{ApiError, Class, DeleteVpc, GetCallerIdentity, HeadBucket, Operation, send};
use skyward_provisioner::caller::CallError;

pub(crate) fn loader(address: &str) -> ConfigLoader {
    let nobody = Credentials::new("nobody", "nothing", None, None, "tests");
    let loader =
        Sdk::loader("eu-central-1").expect("no bundle is named").credentials_provider(nobody);
    loader.endpoint_url(format!("http://{address}"))
}

/// A server that does this with each connection once its request's head is there.
fn serve(answer: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 16 * 1024]);
            answer(stream);
        }
    });
    address
}

pub(crate) fn says(text: String) -> String {
    serve(move |mut stream| stream.write_all(text.as_bytes()).unwrap_or_default())
}

pub(crate) fn response(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_call_without_an_answer_may_have_been_carried_out() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let hangs_up = serve(drop);
    let half = says("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n<GetCallerIdentity".into());
    let unreadable = says(response("200 OK", "It works!"));
    for (what, address) in
        [("nobody", nobody), ("hangs up", hangs_up), ("half", half), ("unreadable", unreadable)]
    {
        let sdk = Sdk::with(loader(&address)).await;
        let error = send(&sdk, GetCallerIdentity {}).await.unwrap_err();
        assert_eq!(error.code, ApiError::NO_ANSWER, "{what}: {error}");
        assert_eq!(
            (error.class(), error.operation),
            (Class::Unknown, Operation::GetCallerIdentity.into())
        );
        assert!(!error.message.contains('\n'), "one line: {error}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_for_ever() {
    let (keep, held) = std::sync::mpsc::channel();
    let address = serve(move |stream| keep.send(stream).unwrap_or_default());
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_millis(200)).build();
    let sdk = Sdk::with(loader(&address).timeout_config(timeouts)).await;
    let error = send(&sdk, GetCallerIdentity {}).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.class()),
        (ApiError::NO_ANSWER, Class::Unknown),
        "{error}"
    );
    drop(held);
}

#[tokio::test]
async fn an_error_without_a_code_means_what_its_status_does() {
    for (status, class) in [
        ("500 Internal Server Error", Class::Unknown),
        ("502 Bad Gateway", Class::Unknown),
        ("503 Service Unavailable", Class::Unknown),
        ("429 Too Many Requests", Class::Throttled),
        ("403 Forbidden", Class::Denied),
        ("404 Not Found", Class::NotFound),
        ("400 Bad Request", Class::Refused),
    ] {
        let sdk = Sdk::with(loader(&says(response(status, "")))).await;
        let error = send(&sdk, HeadBucket { bucket: "a-bucket".into() }).await.unwrap_err();
        assert_eq!(error.class(), class, "{status}: {error}");
        let error = send(&sdk, DeleteVpc { vpc: "vpc-1".into() }).await.unwrap_err();
        assert_eq!(error.class(), class, "{status}: {error}");
    }
}

#[tokio::test]
async fn the_service_s_own_code_and_message_come_through() {
    let body = "<Response><Errors><Error><Code>DependencyViolation</Code><Message>The vpc 'vpc-1' has dependencies \
                and cannot be deleted.</Message></Error></Errors><RequestID>1</RequestID></Response>";
    let sdk = Sdk::with(loader(&says(response("400 Bad Request", body)))).await;
    let error = send(&sdk, DeleteVpc { vpc: "vpc-1".into() }).await.unwrap_err();
    let expected = "ec2:DeleteVpc: DependencyViolation: The vpc 'vpc-1' has dependencies and cannot be deleted.";
    assert_eq!((error.to_string().as_str(), error.class()), (expected, Class::NotYet));
}

/// Finds no credentials, as the chain of places does where there are none.
#[derive(Debug)]
struct Nowhere(bool);

impl ProvideCredentials for Nowhere {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(if self.0 {
            CredentialsError::provider_error("the SSO session has expired")
        } else {
            CredentialsError::not_loaded("nothing here")
        }))
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_sent_and_the_places_are_named() {
    let (sent, was_sent) = std::sync::mpsc::channel();
    let address = serve(move |_| sent.send(()).unwrap_or_default());
    for (is_expired, reason) in [(false, "an instance"), (true, ": the SSO session has expired")] {
        let sdk = Sdk::with(loader(&address).credentials_provider(Nowhere(is_expired))).await;
        let error = send(&sdk, GetCallerIdentity {}).await.unwrap_err();
        assert_eq!(error.code, ApiError::NO_CREDENTIALS, "{error}");
        assert_eq!(error.class(), Class::Credentials);
        let next = CallError::Api(error.clone()).next_step();
        for place in ["AWS_ACCESS_KEY_ID", "~/.aws/config", "metadata"] {
            assert!(format!("{}; {next}", error.message).contains(place), "{error}; {next}");
        }
        assert!(error.message.ends_with(reason), "{error}");
    }
    assert!(was_sent.try_recv().is_err());
}

#[tokio::test]
async fn no_secret_is_shown() {
    let sdk = Sdk::with(loader("127.0.0.1:1")).await;
    assert_eq!(format!("{sdk:?}"), "Sdk { region: \"eu-central-1\", .. }");
    let error = send(&sdk, GetCallerIdentity {}).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("nothing"), "{error:?}");
}

/// A profile that is not there is told as that, with those that are.
#[test]
fn a_profile_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("skyward.toml"), "[aws]\nuser_data = \"skyward.toml\"\n")
        .unwrap();
    std::fs::create_dir(folder.path().join(".aws")).unwrap();
    let profiles = "[default]\nregion = eu-central-1\n[profile shop]\nregion = eu-west-1\n";
    std::fs::write(folder.path().join(".aws/config"), profiles).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_skyward-provisioner"))
        .arg("plan")
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("AWS_PROFILE", "shopp")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for words in ["AWS_PROFILE is shopp", "no profile of that name", "default, shop", ".aws/config"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("renew"), "{said}");
}

#[test]
fn a_command_without_credentials_says_where_they_belong() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("skyward.toml"), "[aws]\nuser_data = \"skyward.toml\"\n")
        .unwrap();
    for command in ["plan", "status", "drift", "apply", "destroy"] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_skyward-provisioner"))
            .arg(command)
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            // The last place there is, and the one that may take seconds to say that it is not there.
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .output()
            .unwrap();
        let (printed, said) = (output.stdout, String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(1), "{command}: {said}");
        assert_eq!(String::from_utf8(printed).unwrap(), "", "{command}: {said}");
        assert_eq!(said.matches("no usable credentials").count(), 1, "{command}: {said}");
        for word in ["sts:GetCallerIdentity", "AWS_ACCESS_KEY_ID", "~/.aws/config"] {
            assert!(said.contains(word), "{command}: {said}");
        }
        let longest = said.lines().map(str::len).max().unwrap_or_default();
        assert!(longest <= 160, "the reason is a line, and the next step another: {said}");
    }
}
