//! Credentials on the wire: who is shown what.

use std::sync::{Arc, Mutex};

use skyward_image::registry::{
    Credentials, Push, PushError, Pushed, RemoteImage, Secret, Settings,
};

use crate::support::fake::{Act, Fake, Reply, Request};
use crate::support::image::{MemoryImage, read_all};
use crate::support::settings;

fn push(fake: &Fake, credentials: Credentials, settings: Settings) -> Result<Pushed, PushError> {
    let image = MemoryImage::single(1, &[100, 5 << 20]);
    let references = vec![fake.reference("acme/web:1").parse().expect("a reference")];
    let mount_from = vec!["acme/base".to_owned()];
    Push {
        source: &image,
        references,
        credentials: Some(credentials),
        mount_from,
        jobs: 1,
        settings,
    }
    .run()
}

fn reason(error: &PushError) -> String {
    error.source.to_string()
}

const BASIC: &str = "Basic YWxpY2U6czNjcmV0"; // alice:s3cret

fn challenge(value: &str) -> Act {
    Act::Answer(Reply::error(401, "UNAUTHORIZED").with("WWW-Authenticate", value))
}

#[test]
fn basic_credentials_are_sent_once_asked_for() {
    let fake = Fake::start(|_, request| match request.header("authorization") {
        Some(BASIC) => Act::Pass,
        _ => challenge("Basic realm=\"r\""),
    });
    push(&fake, Credentials::basic("alice", "s3cret"), settings().0).expect("a push");
    let without =
        fake.log().iter().filter(|request| request.header("authorization").is_none()).count();
    assert_eq!(without, 1, "only the first request went without");
}

#[test]
fn wrong_and_missing_credentials_are_an_error_at_once() {
    let fake = Fake::start(|_, _| challenge("Basic realm=\"r\""));
    let error = push(&fake, Credentials::basic("alice", "wrong"), settings().0)
        .expect_err("wrong password");
    assert!(reason(&error).contains("user alice from the command line"), "{}", reason(&error));
    assert!(
        reason(&error).contains("docker login") && !reason(&error).contains("wrong\""),
        "{}",
        reason(&error)
    );
    assert_eq!(fake.log().len(), 2);
    let error = push(&fake, Credentials::anonymous(), settings().0).expect_err("no password");
    assert!(
        reason(&error).contains("asks for a login; credentials used: none"),
        "{}",
        reason(&error)
    );
}

/// A token service: hands out `t1`, `t2`, …; each lives for so many seconds.
fn token_service(expires_in: u64) -> (Fake, Arc<Mutex<usize>>) {
    let issued = Arc::new(Mutex::new(0));
    let shared = Arc::clone(&issued);
    let fake = Fake::start(move |_, _| {
        let mut issued = shared.lock().unwrap();
        *issued += 1;
        let body = format!(r#"{{"token":"t{issued}","expires_in":{expires_in}}}"#);
        Act::Answer(Reply::new(200).body(body))
    });
    (fake, issued)
}

#[test]
fn tokens_are_got_for_the_scope_and_replaced_when_they_end() {
    let (service, issued) = token_service(300);
    let realm = format!("Bearer realm=\"http://{}/token\",service=\"registry\"", service.address);
    let latest = Arc::clone(&issued);
    let fake = Fake::start(move |number, request| {
        // The token that was good is refused at request 8: it ended early.
        if number == 8 {
            return challenge(&realm);
        }
        let token =
            request.header("authorization").and_then(|value| value.strip_prefix("Bearer t"));
        match token.and_then(|token| token.parse::<usize>().ok()) {
            Some(token) if token <= *latest.lock().unwrap() => Act::Pass,
            _ => challenge(&realm),
        }
    });
    push(&fake, Credentials::basic("alice", "s3cret"), settings().0).expect("a push");
    let asked = service.log();
    assert!(asked.iter().all(|request| request.header("authorization") == Some(BASIC)));
    assert_eq!(asked[0].query("service").as_deref(), Some("registry"));
    assert!(
        asked[0].path.contains("scope=repository%3Aacme%2Fweb%3Apull%2Cpush"),
        "{}",
        asked[0].path
    );
    // The mount needs to read the other repository too.
    assert!(
        asked.iter().any(|request| request.path.contains("scope=repository%3Aacme%2Fbase%3Apull"))
    );
    assert_eq!(asked.len(), 3, "one for each scope, and one for the token that ended");
    let log = fake.log();
    assert!(
        log.iter().all(|request| request.header("authorization") != Some(BASIC)),
        "the registry never sees the password"
    );
}

#[test]
fn a_token_is_not_used_up_to_its_last_second() {
    let (service, issued) = token_service(10);
    let realm = format!("Bearer realm=\"http://{}/token\"", service.address);
    let fake =
        Fake::start(move |number, request| match (number, request.header("authorization")) {
            (_, None) => challenge(&realm),
            // Meanwhile, more than nine seconds go by.
            (6, _) => Act::Answer(Reply::error(503, "UNAVAILABLE").with("Retry-After", 9)),
            _ => Act::Pass,
        });
    push(&fake, Credentials::anonymous(), settings().0).expect("a push");
    assert!(*issued.lock().unwrap() >= 3, "{} tokens", issued.lock().unwrap());
    assert!(!fake.log().iter().skip(1).any(|request| request.header("authorization").is_none()));
}

#[test]
fn an_identity_token_is_traded_by_post() {
    let (service, _) = token_service(300);
    let realm = format!("Bearer realm=\"http://{}/token\",service=\"registry\"", service.address);
    let fake = Fake::start(move |_, request| {
        if request.header("authorization").is_some() { Act::Pass } else { challenge(&realm) }
    });
    let secret = Secret::IdentityToken("refresh/me".to_owned());
    push(&fake, Credentials { secret, origin: "a test".to_owned() }, settings().0).expect("a push");
    let asked: Request = service.log().remove(0);
    let body = String::from_utf8(asked.body).expect("a form");
    assert_eq!(asked.method, "POST");
    assert!(
        body.starts_with("grant_type=refresh_token&")
            && body.contains("refresh_token=refresh%2Fme"),
        "{body}"
    );
}

#[test]
fn a_token_service_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    let mut asked = 0;
    let service = Fake::start(move |_, _| {
        asked += 1;
        let busy = Act::Answer(Reply::error(503, "UNAVAILABLE"));
        if asked == 1 { busy } else { Act::Answer(Reply::new(200).body(r#"{"access_token":"t"}"#)) }
    });
    let realm = |service: &Fake| format!("Bearer realm=\"http://{}/token\"", service.address);
    let registry = |realm: String| {
        Fake::start(move |_, request| {
            if request.header("authorization").is_some() { Act::Pass } else { challenge(&realm) }
        })
    };
    push(&registry(realm(&service)), Credentials::anonymous(), settings().0).expect("a push");
    let service = Fake::start(|_, _| Act::Answer(Reply::error(401, "UNAUTHORIZED")));
    let error =
        push(&registry(realm(&service)), Credentials::basic("alice", "s3cret"), settings().0)
            .expect_err("refused");
    assert!(reason(&error).contains("refuses the login"), "{}", reason(&error));
    assert_eq!(service.log().len(), 1);
}

#[test]
fn credentials_never_go_to_another_host() {
    let elsewhere = Fake::plain();
    let there = elsewhere.address;
    let fake =
        Fake::start(move |_, request| match request.header("authorization") {
            None => challenge("Basic realm=\"r\""),
            // Uploads continue on another host, as with stores that sign their addresses.
            Some(_) if request.method == "POST" => Act::Answer(Reply::new(202).with(
                "Location",
                format!("http://{there}/v2/acme/web/blobs/uploads/1?signature=x"),
            )),
            Some(_) => Act::Pass,
        });
    elsewhere.state.lock().unwrap().uploads.insert("1".to_owned(), Vec::new());
    let _ = push(&fake, Credentials::basic("alice", "s3cret"), settings().0);
    let log = elsewhere.log();
    assert!(
        !log.is_empty() && log.iter().all(|request| request.header("authorization").is_none()),
        "{log:?}"
    );
}

#[test]
fn blobs_behind_a_redirect_are_read_without_credentials() {
    let store = Fake::plain();
    let there = store.address;
    let image = MemoryImage::single(1, &[100, 5000]);
    let registry = Fake::start(move |_, request| match request.header("authorization") {
        None => challenge("Basic realm=\"r\""),
        Some(_) if request.is("GET", "/blobs/") => {
            Act::Answer(Reply::new(307).with("Location", format!("http://{there}{}", request.path)))
        }
        Some(_) => Act::Pass,
    });
    let credentials = Credentials::basic("alice", "s3cret");
    let references = vec![registry.reference("acme/web:1").parse().expect("a reference")];
    Push {
        source: &image,
        references: references.clone(),
        credentials: Some(credentials.clone()),
        mount_from: Vec::new(),
        jobs: 1,
        settings: settings().0,
    }
    .run()
    .expect("a push");
    store.state.lock().unwrap().blobs = registry.state.lock().unwrap().blobs.clone();
    let remote =
        RemoteImage::open(&references[0], Some(credentials), settings().0).expect("the image");
    for (digest, bytes) in read_all(&remote).expect("all parts") {
        assert_eq!(image.bytes(&digest), bytes);
    }
    let log = store.log();
    assert_eq!(log.len(), 3);
    assert!(log.iter().all(|request| request.header("authorization").is_none()), "{log:?}");
}

#[test]
fn redirects_in_circles_end() {
    let fake =
        Fake::start(|_, request| Act::Answer(Reply::new(302).with("Location", &request.path)));
    let error = push(&fake, Credentials::anonymous(), settings().0).expect_err("a circle");
    assert!(reason(&error).contains("more than 5 redirects"), "{}", reason(&error));
}

#[test]
fn a_realm_in_plain_http_on_another_machine_gets_no_password() {
    let fake = Fake::start(|_, _| challenge("Bearer realm=\"http://tokens.invalid/token\""));
    let error =
        push(&fake, Credentials::basic("alice", "s3cret"), settings().0).expect_err("plain http");
    assert!(reason(&error).contains("by plain http"), "{}", reason(&error));
}

#[test]
fn a_token_that_lives_for_ever_is_a_token() {
    let (service, _) = token_service(u64::MAX);
    let realm = format!("Bearer realm=\"http://{}/token\"", service.address);
    let fake = Fake::start(move |_, request| match request.header("authorization") {
        None => challenge(&realm),
        Some(_) => Act::Pass,
    });
    push(&fake, Credentials::anonymous(), settings().0).expect("a push");
}
