//! The endpoints of one repository (distribution-spec 1.1, "Endpoints").

use std::sync::Arc;

use oci_spec::image::{Descriptor, Digest, ImageIndex};
use ureq::http::Method;

use super::client::{Call, Client, Failed};
use super::error::{RegistryError, connection, refusal, unexpected};
use super::http::{Payload, Response};
use super::retry::TransientFault;
use super::url::Url;
use crate::digest;
use crate::event::short;
use crate::source::LARGEST_DOCUMENT;

const MANIFEST_TYPES: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// Tries of the referrers API: one fault may pass, and a second one is an answer.
const REFERRERS_ATTEMPTS: u32 = 2;

/// The rights that a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Pull,
    PullPush,
}

/// One repository of a registry.
#[derive(Clone)]
pub(super) struct Repository {
    pub(super) client: Arc<Client>,
    pub(super) name: String,
    scope: String,
}

/// A manifest as the registry holds it.
pub(super) struct RemoteManifest {
    pub(super) bytes: Vec<u8>,
    pub(super) media_type: Option<String>,
    /// `Docker-Content-Digest`, where it is sent.
    pub(super) digest: Option<String>,
}

/// The answer to a stored manifest.
pub(super) struct Stored {
    /// `Docker-Content-Digest`, where it is sent.
    pub(super) digest: Option<String>,
    /// True where the registry lists it as a referrer by itself.
    pub(super) lists_referrers: bool,
}

/// An upload in progress.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) location: Url,
    /// `OCI-Chunk-Min-Length`: no chunk but the last may be smaller.
    pub(super) min_chunk: u64,
}

/// The answer to a new upload.
pub(super) enum Started {
    /// The blob was taken over from the other repository.
    Mounted,
    /// The blob is to be sent.
    Session(Session),
}

impl Repository {
    pub(super) fn new(client: Arc<Client>, name: &str, access: Access) -> Self {
        let actions = if access == Access::Pull { "pull" } else { "pull,push" };
        Self { client, name: name.to_owned(), scope: format!("repository:{name}:{actions}") }
    }

    /// `registry/repository`, for messages.
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.client.registry, self.name)
    }

    /// Another repository of the same registry, for reading.
    pub(super) fn sibling(&self, name: &str) -> Self {
        Self::new(Arc::clone(&self.client), name, Access::Pull)
    }

    fn url(&self, path: &str) -> Url {
        self.client.url(&format!("/v2/{}/{path}", self.name))
    }

    pub(super) fn call<'a>(&'a self, operation: &'a str, method: Method, url: Url) -> Call<'a> {
        let payload = Payload::None;
        let headers = Vec::new();
        Call { operation, method, url, scope: &self.scope, headers, payload, attempts: None }
    }

    /// Returns true where the registry has the blob.
    pub(super) fn has_blob(&self, digest: &Digest) -> Result<bool, RegistryError> {
        let operation = format!("looking for blob {}", short(digest.as_ref()));
        let call = self.call(&operation, Method::HEAD, self.url(&format!("blobs/{digest}")));
        let response = self.client.send(&call)?;
        match response.status {
            200 => Ok(true),
            404 => Ok(false),
            _ => Err(refusal(&operation, response)),
        }
    }

    /// Opens a blob from the byte `offset` on.
    pub(super) fn get_blob(&self, digest: &Digest, offset: u64) -> Result<Response, RegistryError> {
        let operation = format!("reading blob {}", short(digest.as_ref()));
        let mut call = self.call(&operation, Method::GET, self.url(&format!("blobs/{digest}")));
        if offset > 0 {
            call.headers.push(("Range", format!("bytes={offset}-")));
        }
        let response = self.client.send(&call)?;
        match response.status {
            200 | 206 => Ok(response),
            _ => Err(refusal(&operation, response)),
        }
    }

    /// Waits after a transfer of the blob broke, or says why it is not tried again.
    pub(super) fn pause(
        &self,
        digest: &Digest,
        attempt: u32,
        fault: &TransientFault,
    ) -> Result<(), RegistryError> {
        let operation = format!("reading blob {}", short(digest.as_ref()));
        let url = self.url(&format!("blobs/{digest}"));
        self.client.wait(&operation, &url, attempt, None, fault)
    }

    /// Begins an upload. The session of a repeated request is left to the registry, which
    /// removes what nobody finishes.
    pub(super) fn start_upload(&self, digest: &Digest) -> Result<Session, RegistryError> {
        let operation = format!("starting the upload of blob {}", short(digest.as_ref()));
        let mut call = self.call(&operation, Method::POST, self.url("blobs/uploads/"));
        call.payload = Payload::Bytes(&[]);
        let response = self.client.send(&call)?;
        match response.status {
            202 => Self::session(&operation, &response),
            _ => Err(refusal(&operation, response)),
        }
    }

    /// Asks the registry to take the blob over from the repository `from`.
    pub(super) fn mount(&self, digest: &Digest, from: &str) -> Result<Started, RegistryError> {
        let operation = format!("mounting blob {} from {from}", short(digest.as_ref()));
        let url = self.url("blobs/uploads/");
        let url = url.with_query("mount", digest.as_ref()).with_query("from", from);
        let scope = format!("{} repository:{from}:pull", self.scope);
        let mut call = self.call(&operation, Method::POST, url);
        call.scope = &scope;
        call.payload = Payload::Bytes(&[]);
        let response = self.client.send(&call)?;
        match response.status {
            201 => Ok(Started::Mounted),
            202 => Self::session(&operation, &response).map(Started::Session),
            _ => Err(refusal(&operation, response)),
        }
    }

    fn session(operation: &str, response: &Response) -> Result<Session, RegistryError> {
        let location = response.header("location").ok_or_else(|| "it names no Location".to_owned());
        let location = location.and_then(|text| response.url.follow(text));
        let location = location.map_err(|reason| unexpected(operation, &response.url, reason))?;
        let min_chunk = response.header("oci-chunk-min-length").and_then(|text| text.parse().ok());
        Ok(Session { location, min_chunk: min_chunk.unwrap_or(0) })
    }

    /// Sends bytes to an upload, once: whether they may be sent again is for the caller to ask.
    pub(super) fn send_once(
        &self,
        operation: &str,
        method: Method,
        url: Url,
        headers: Vec<(&str, String)>,
        payload: Payload<'_>,
    ) -> Result<Response, Failed> {
        let mut call = self.call(operation, method, url);
        call.headers = headers;
        call.headers.push(("Content-Type", "application/octet-stream".to_owned()));
        self.client.once(&call, payload)
    }

    /// Asks how far an upload has come. `None`: it is not known any more.
    pub(super) fn upload_status(
        &self,
        session: &mut Session,
    ) -> Result<Option<u64>, RegistryError> {
        let call = self.call("asking how far the upload is", Method::GET, session.location.clone());
        let response = self.client.send(&call)?;
        if response.status != 204 && response.status != 202 {
            response.discard();
            return Ok(None);
        }
        if let Some(location) = response.header("location")
            && let Ok(location) = response.url.follow(location)
        {
            session.location = location;
        }
        Ok(Some(response.header("range").and_then(next_offset).unwrap_or(0)))
    }

    /// The digest under which the registry holds the manifest, where it is there.
    pub(super) fn manifest_digest(&self, selector: &str) -> Result<Option<String>, RegistryError> {
        let operation = format!("looking for manifest {}", selector_name(selector));
        let url = self.url(&format!("manifests/{selector}"));
        let mut call = self.call(&operation, Method::HEAD, url);
        call.headers.push(("Accept", MANIFEST_TYPES.to_owned()));
        let response = self.client.send(&call)?;
        match response.status {
            200 => match response.header("docker-content-digest") {
                Some(digest) => Ok(Some(digest.to_owned())),
                // The header may be left out: the bytes themselves tell.
                None => Ok(self
                    .get_manifest(selector)?
                    .map(|manifest| digest::of(&manifest.bytes).to_string())),
            },
            404 => Ok(None),
            _ => Err(refusal(&operation, response)),
        }
    }

    pub(super) fn get_manifest(
        &self,
        selector: &str,
    ) -> Result<Option<RemoteManifest>, RegistryError> {
        let operation = format!("reading manifest {}", selector_name(selector));
        let url = self.url(&format!("manifests/{selector}"));
        let mut call = self.call(&operation, Method::GET, url);
        call.headers.push(("Accept", MANIFEST_TYPES.to_owned()));
        let Some((bytes, response)) = self.read(&call)? else {
            return Ok(None);
        };
        let text = |name: &str| response.header(name).map(str::to_owned);
        let (media_type, digest) = (text("content-type"), text("docker-content-digest"));
        Ok(Some(RemoteManifest { bytes, media_type, digest }))
    }

    /// A GET whose short body is read whole, and read again where the connection breaks.
    fn read(&self, call: &Call<'_>) -> Result<Option<(Vec<u8>, Response)>, RegistryError> {
        let mut attempt = 1;
        loop {
            let mut response = self.client.send(call)?;
            match response.status {
                200 => {}
                404 => return Ok(None),
                _ => return Err(refusal(call.operation, response)),
            }
            match response.bytes(LARGEST_DOCUMENT) {
                Ok(bytes) => return Ok(Some((bytes, response))),
                Err(failure) => match connection(call.operation, &call.url, failure) {
                    Failed::Fault(fault) => {
                        let (operation, most) = (call.operation, call.attempts);
                        self.client.wait(operation, &call.url, attempt, most, &fault)?;
                    }
                    Failed::Fatal(error) => return Err(error),
                },
            }
            attempt += 1;
        }
    }

    /// Stores a manifest under a digest or a tag. Storing the same twice changes nothing, so it
    /// is retried.
    pub(super) fn put_manifest(
        &self,
        selector: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Stored, RegistryError> {
        let operation = format!("storing manifest {}", selector_name(selector));
        let url = self.url(&format!("manifests/{selector}"));
        let mut call = self.call(&operation, Method::PUT, url);
        call.headers.push(("Content-Type", media_type.to_owned()));
        call.payload = Payload::Bytes(bytes);
        let response = self.client.send(&call)?;
        if !matches!(response.status, 200..=202) {
            return Err(refusal(&operation, response));
        }
        let digest = response.header("docker-content-digest").map(str::to_owned);
        Ok(Stored { digest, lists_referrers: response.header("oci-subject").is_some() })
    }

    /// Returns the referrers API's list for `subject`; `None` where the registry does not have the API. Registries say
    /// so by any status (harbor#18305: 401, 403, 405, 500), and whatever is wrong with it, the tag still works.
    pub(super) fn referrers(
        &self,
        subject: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, RegistryError> {
        let url = self.url(&format!("referrers/{subject}"));
        let mut call = self.call("listing referrers", Method::GET, url);
        call.attempts = Some(REFERRERS_ATTEMPTS);
        match self.read(&call) {
            Ok(Some((bytes, _))) => {
                let index = serde_json::from_slice::<ImageIndex>(&bytes);
                Ok(index.ok().map(|index| index.manifests().clone()))
            }
            Err(error @ (RegistryError::Interrupted | RegistryError::Cancelled)) => Err(error),
            Ok(None) | Err(_) => Ok(None),
        }
    }
}

/// The first byte that is missing, from `Range: 0-N`. `0-0` is what registries say of an empty
/// upload too, and no chunk of ours is one byte long.
pub(super) fn next_offset(range: &str) -> Option<u64> {
    let range = range.trim().trim_start_matches("bytes=").trim_start_matches("bytes ");
    let (first, last) = range.split_once('-')?;
    let last: u64 = last.split('/').next()?.parse().ok()?;
    if first != "0" {
        return None;
    }
    Some(if last == 0 { 0 } else { last + 1 })
}

fn selector_name(selector: &str) -> &str {
    if selector.contains(':') { short(selector) } else { selector }
}
