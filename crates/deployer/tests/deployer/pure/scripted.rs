//! An API server that does as a test says, in the time of the test's clock.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use skyward_deployer::api::{ApiServer, ApiSettings, Connection, Listener, RetryPolicy};
use tower_service::Service;

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

/// What is answered, or what breaks.
pub(crate) type Answer = Result<Response<Vec<u8>>, std::io::Error>;

type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

#[derive(Clone)]
struct Server(Arc<dyn Fn(Asked) -> Answering + Send + Sync>);

impl Service<Request<Body>> for Server {
    type Response = Response<Body>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, std::io::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = Arc::clone(&self.0);
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes().into();
            let asked =
                Asked { method: head.method.to_string(), path: head.uri.path().to_owned(), body };
            answer(asked).await.map(|response| response.map(Body::from))
        })
    }
}

/// What people were told.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().expect("no panic").clone()
    }

    fn listener(&self) -> Listener {
        let heard = Arc::clone(&self.0);
        Arc::new(move |text| heard.lock().expect("no panic").push(text))
    }
}

/// The cluster of such a server.
pub(crate) fn api<F, Fut>(policy: RetryPolicy, answer: F) -> (ApiServer, Heard)
where
    F: Fn(Asked) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    let server = Server(Arc::new(move |asked| Box::pin(answer(asked)) as Answering));
    let heard = Heard::default();
    let connection = Connection {
        client: Client::new(server, "default"),
        context: "test".to_owned(),
        server: "https://scripted".to_owned(),
        proxy: None,
        certificate_ends: Some("2001-02-03T00:00:00Z".parse().expect("a time")),
    };
    let settings =
        ApiSettings { policy, listener: Some(heard.listener()), ..ApiSettings::default() };
    (ApiServer::over(connection, settings), heard)
}

/// An answer with a JSON body.
pub(crate) fn json(code: u16, body: &serde_json::Value) -> Response<Vec<u8>> {
    let mut response = Response::new(body.to_string().into_bytes());
    *response.status_mut() = http::StatusCode::from_u16(code).expect("a status");
    response
}

/// What the API server answers when it refuses.
pub(crate) fn status(code: u16, reason: &str, message: &str) -> Response<Vec<u8>> {
    let body = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
        "details": {"name": "web"},
    });
    json(code, &body)
}
