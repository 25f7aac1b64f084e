//! Which faults are survived, for how long, and what is heard of them. Time is tokio's, and stands still but for waits.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Response;
use skyward_deployer::api::{ApiServer, Apply, Closed, Guard, Reason, RetryPolicy};
use skyward_deployer::manifest::{Kind, Manifest, ObjectId};
use tokio::time::Instant;

use super::scripted::{self, Answer, Asked, Heard};

/// What happens to one request.
enum Then {
    Is(u16),
    /// 429 or 503 with `Retry-After` in seconds.
    Busy(u16, u64),
    Refused,
    Reset,
    Silent,
}

fn id() -> ObjectId {
    ObjectId { kind: Kind::Service, namespace: Some("web".to_owned()), name: "web".to_owned() }
}

fn manifest() -> Manifest {
    Manifest { id: id(), object: serde_json::json!({"metadata": {"name": "web"}}) }
}

fn policy() -> RetryPolicy {
    RetryPolicy { seed: 7, ..RetryPolicy::default() }
}

/// A server that does these things in turn, the last of them from then on.
fn server(script: impl IntoIterator<Item = Then>) -> (ApiServer, Heard, Arc<Mutex<Vec<Asked>>>) {
    let script: Arc<Mutex<VecDeque<Then>>> = Arc::new(Mutex::new(script.into_iter().collect()));
    let seen: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let noted = Arc::clone(&seen);
    let (api, heard) = scripted::api(policy(), move |asked| {
        noted.lock().unwrap().push(asked);
        let mut script = script.lock().unwrap();
        let then = if script.len() > 1 { script.pop_front() } else { None };
        let answer = act(then.as_ref().or(script.front()).expect("a step"));
        async move {
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        }
    });
    (api, heard, seen)
}

fn act(then: &Then) -> Option<Answer> {
    Some(match then {
        Then::Is(code @ 200..300) => Ok(scripted::json(
            *code,
            &serde_json::json!({"kind": "Service", "metadata": {"uid": "1"}}),
        )),
        Then::Is(code) => Ok(scripted::status(*code, "", "injected")),
        Then::Busy(code, seconds) => {
            let mut response =
                Response::new(b"Too many requests, please try again later.".to_vec());
            *response.status_mut() = http::StatusCode::from_u16(*code).unwrap();
            response.headers_mut().insert(http::header::RETRY_AFTER, (*seconds).into());
            Ok(response)
        }
        Then::Refused => Err(io::ErrorKind::ConnectionRefused.into()),
        Then::Reset => Err(io::ErrorKind::ConnectionReset.into()),
        Then::Silent => return None,
    })
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again() {
    use Then::{Busy, Is, Refused, Reset, Silent};
    for fault in [Is(429), Is(500), Is(502), Is(503), Is(504), Busy(429, 1), Refused, Reset, Silent]
    {
        let (api, _, seen) = server([fault, Is(200)]);
        let applied = api.apply(&manifest(), Apply::default()).await;
        applied.unwrap_or_else(|error| panic!("{error}"));
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0], seen[1], "the same request");
        assert_eq!(seen[0].method, "PATCH");
    }
}

#[tokio::test(start_paused = true)]
async fn what_will_not_pass_is_not() {
    for code in [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 501] {
        let (api, heard, seen) = server([Then::Is(code)]);
        api.apply(&manifest(), Apply::default()).await.expect_err("refused");
        assert_eq!(seen.lock().unwrap().len(), 1, "{code}");
        assert_eq!(heard.all(), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_server_says_when() {
    let begun = Instant::now();
    let (api, ..) = server([Then::Busy(429, 17), Then::Is(200)]);
    api.get(&id()).await.expect("an answer at last");
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(17) && waited < Duration::from_secs(18), "{waited:?}");
}

/// Half a minute without an API server, at first without its machine, then without its port.
#[tokio::test(start_paused = true)]
async fn an_absence_is_survived_and_heard_of() {
    let gone = Instant::now();
    let (api, heard) = scripted::api(policy(), move |_| async move {
        match gone.elapsed().as_secs() {
            0..15 => std::future::pending().await,
            15..30 => Err(io::ErrorKind::ConnectionRefused.into()),
            _ => act(&Then::Is(200)).expect("an answer"),
        }
    });
    api.get(&id()).await.expect("an answer at last");
    let heard = heard.all();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(
        heard[0],
        "the API server at https://scripted does not answer (no answer within 10 s); trying on for 50 s"
    );
    assert!(heard[1].starts_with("the API server answers again, after 2"), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn an_absence_that_lasts_ends_the_call_in_time() {
    for then in [Then::Silent, Then::Refused, Then::Is(503)] {
        let begun = Instant::now();
        let (api, ..) = server([then]);
        let error = api.get(&id()).await.expect_err("never an answer");
        let took = begun.elapsed();
        assert!(took <= policy().total && took + policy().attempt > policy().total, "{took:?}");
        assert!(error.to_string().contains(" attempts in "), "{error}");
    }
}

/// A delete whose answer was lost finds nothing the second time.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_not_taken_for_an_absence() {
    for (script, deleted) in [
        ([Then::Reset, Then::Is(404)], true),
        ([Then::Silent, Then::Is(404)], true),
        ([Then::Is(503), Then::Is(404)], false),
        // The object is another by now, or was never that one.
        ([Then::Reset, Then::Is(409)], false),
    ] {
        let (api, ..) = server(script);
        assert_eq!(api.delete(&id(), "1").await, Ok(deleted));
    }
    let (api, ..) = server([Then::Reset, Then::Is(403)]);
    let error = api.delete(&id(), "1").await.expect_err("refused");
    assert!(error.maybe_done, "{error:?}");
    assert!(error.to_string().contains("it may have been carried out"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_explained_by_our_certificate() {
    let (api, ..) = server([Then::Is(401)]);
    let error = api.get(&id()).await.expect_err("refused");
    assert_eq!(error.reason, Reason::CertificateExpired("at 2001-02-03T00:00:00Z".to_owned()));
}

struct Lock(Mutex<VecDeque<Result<Duration, Closed>>>);

impl Guard for Lock {
    fn time_left(&self) -> Result<Duration, Closed> {
        self.0.lock().unwrap().pop_front().expect("a step")
    }
}

/// Each attempt of a write asks the lock, reads do not, and no attempt is under way for longer than the lock is ours.
#[tokio::test(start_paused = true)]
async fn the_lock_is_asked_before_every_attempt() {
    let lock = |steps: Vec<Result<Duration, Closed>>| -> Arc<dyn Guard> {
        Arc::new(Lock(Mutex::new(steps.into())))
    };
    let apply = Apply::default();
    let second = Duration::from_secs(1);

    let (api, _, seen) = server([Then::Reset, Then::Is(200)]);
    let lost = Closed::ForGood("b has it".to_owned());
    let guarded = api.guarded(lock(vec![Ok(second), Err(lost)]));
    let error = guarded.apply(&manifest(), apply).await.expect_err("lost meanwhile");
    assert_eq!(error.reason, Reason::LockLost("b has it".to_owned()));
    assert!(error.maybe_done);
    assert_eq!(seen.lock().unwrap().len(), 1, "the second attempt was not sent");
    guarded.get(&id()).await.expect("a read is free");

    let (api, _, seen) = server([Then::Is(200)]);
    let stale = Closed::ForNow("old".to_owned());
    let guarded = api.guarded(lock(vec![Err(stale), Ok(second)]));
    guarded.apply(&manifest(), apply).await.expect("renewed meanwhile");
    assert_eq!(seen.lock().unwrap().len(), 1);

    let begun = Instant::now();
    let (api, ..) = server([Then::Silent, Then::Is(200)]);
    let guarded = api.guarded(lock(vec![Ok(second), Ok(second)]));
    guarded.apply(&manifest(), apply).await.expect("answered at last");
    assert!(begun.elapsed() < 2 * second, "{:?}", begun.elapsed());
}

/// A definition that goes takes its group along, also between two looks at it.
#[tokio::test(start_paused = true)]
async fn a_group_that_has_just_gone_holds_nothing() {
    let (api, _) = scripted::api(policy(), |asked| async move {
        Ok(match &*asked.path {
            "/api/v1" => scripted::json(
                200,
                &serde_json::json!({"groupVersion": "v1", "resources": [
                    {"name": "configmaps", "singularName": "", "namespaced": true, "kind": "ConfigMap", "verbs": ["list"]},
                ]}),
            ),
            "/apis" => {
                let version =
                    serde_json::json!({"groupVersion": "gone.example.com/v1", "version": "v1"});
                let group = serde_json::json!({"name": "gone.example.com", "versions": [version]});
                scripted::json(200, &serde_json::json!({"groups": [group]}))
            }
            "/api/v1/namespaces/web/configmaps" => scripted::json(
                200,
                &serde_json::json!({"metadata": {}, "items": [{"metadata": {"name": "theirs", "uid": "1"}}]}),
            ),
            _ => scripted::status(404, "", "404 page not found"),
        })
    });
    let others = api.others_in("web", "web").await.expect("what is there");
    assert_eq!(others, ["ConfigMap theirs"]);
}
