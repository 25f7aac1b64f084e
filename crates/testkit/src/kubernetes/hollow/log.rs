//! The part of a kubelet that the API server asks for a container's log.

use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::super::control_plane::ControlPlane;

/// Answers for as long as the runtime lives. Returns the port.
pub(super) async fn serve(control_plane: &ControlPlane) -> u16 {
    let identity = control_plane.authority.sign("hollow", None, &["127.0.0.1"]);
    let certificate =
        CertificateDer::from_pem_slice(identity.certificate.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a certificate and its key");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let client = control_plane.client().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, client) = (acceptor.clone(), client.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(move |request| answer(client.clone(), request));
                let server = hyper::server::conn::http1::Builder::new();
                // The API server may hang up.
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    port
}

/// `/containerLogs/NAMESPACE/POD/CONTAINER`: two lines that name the image, with their times where these are asked for.
async fn answer(
    client: Client,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, kube::Error> {
    let parts: Vec<_> = request.uri().path().split('/').collect();
    let (namespace, pod) = (parts.get(2).unwrap_or(&""), parts.get(3).unwrap_or(&""));
    let pod = Api::<Pod>::namespaced(client, namespace).get(pod).await?;
    let is_timed = request.uri().query().is_some_and(|query| query.contains("timestamps=true"));
    let begun = pod.metadata.creation_timestamp.filter(|_| is_timed);
    let time = begun.map(|time| format!("{} ", time.0)).unwrap_or_default();
    let image = pod.spec.and_then(|spec| spec.containers[0].image.clone()).unwrap_or_default();
    let last = if image.contains("crash") {
        "Error: DATABASE_URL is not set"
    } else {
        "listening on 0.0.0.0:8000"
    };
    Ok(Response::new(Full::from(format!("{time}starting {image}\n{time}{last}\n"))))
}
