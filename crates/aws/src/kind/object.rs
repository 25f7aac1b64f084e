//! Objects in buckets, each with the checksum that S3 keeps of it.

pub(crate) mod simulated;

use std::fmt;
use std::sync::Arc;

use crate::page::prelude::*;
use serde::Serializer;

/// The bytes of an object, with their SHA-256. It stands for them wherever they would be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    bytes: Arc<[u8]>,
    sha256: String,
}

impl Content {
    /// Bytes with their SHA-256 in hexadecimal digits, which S3 holds them against.
    pub fn new(bytes: impl Into<Arc<[u8]>>, sha256: impl Into<String>) -> Self {
        Self { bytes: bytes.into(), sha256: sha256.into() }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Their SHA-256, in hexadecimal digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of {}", self.bytes.len(), self.sha256)
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.sha256)
    }
}

/// An object without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectHead {
    pub size: i64,
    /// Its SHA-256 in hexadecimal digits, where it was given when the object was put.
    pub sha256: Option<String>,
}

operations! {
    // `is_new`: only where there is none of the key.
    PutObject { bucket: String, key: String, content: Content, is_new: bool } -> ();
    HeadObject { bucket: String, key: String } -> ObjectHead;
}

#[cfg(feature = "sdk")]
mod sdk {
    use std::time::Duration;

    use aws_sdk_s3::config::timeout::TimeoutConfig;
    use aws_sdk_s3::primitives::ByteStream;
    use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::kind::prelude::*;

    /// Hexadecimal digits as base64, in which S3 has its checksums.
    fn to_base64(hex: &str) -> Option<String> {
        let byte = |index: usize| u8::from_str_radix(hex.get(index..index + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..hex.len()).step_by(2).map(byte).collect();
        bytes.map(|bytes| BASE64_STANDARD.encode(bytes))
    }

    fn to_hex(base64: &str) -> Option<String> {
        let bytes = BASE64_STANDARD.decode(base64).ok()?;
        Some(bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")))
    }

    /// The time for an answer once all is sent.
    const ANSWER: Duration = Duration::from_mins(1);
    /// The bytes that a slow line sends in a second.
    const SLOW: usize = 50_000;

    /// The time that sending these bytes may take.
    fn patience(bytes: usize) -> Duration {
        ANSWER + Duration::from_secs(u64::try_from(bytes / SLOW).unwrap_or(u64::MAX / 2))
    }

    impl Sdk {
        pub(crate) async fn put_object(&self, call: PutObject) -> Result<(), ApiError> {
            let bytes = call.content.bytes();
            let timeouts = TimeoutConfig::builder().operation_timeout(patience(bytes.len()));
            let config = aws_sdk_s3::config::Config::builder().timeout_config(timeouts.build());
            let request = self.s3.put_object().bucket(call.bucket).key(call.key);
            let request = request
                .checksum_algorithm(ChecksumAlgorithm::Sha256)
                .set_checksum_sha256(to_base64(call.content.sha256()))
                .set_if_none_match(call.is_new.then(|| "*".to_owned()))
                .content_type("application/octet-stream")
                .body(ByteStream::from(bytes.to_vec()));
            let sent = request.customize().config_override(config).send().await;
            sent.answer(Operation::PutObject)?;
            Ok(())
        }
    }

    requests! { s3
        head_object(call: HeadObject) {
            bucket(call.bucket) key(call.key) checksum_mode(ChecksumMode::Enabled)
        } => |answer| ObjectHead {
            size: answer.content_length.unwrap_or_default(),
            sha256: answer.checksum_sha256.as_deref().and_then(to_hex),
        };
    }
}
