//! The only layer: a tar archive with the binary, compressed and hashed in one pass.

use std::io::Write;

use anyhow::{Context, Result};
use flate2::{Compression as Level, GzBuilder};
use oci_spec::image::{Digest, MediaType};
use skyward_config::Compression;

use super::Spec;
use crate::digest::HashingWriter;

/// A layer in memory.
pub(super) struct Layer {
    pub(super) media_type: MediaType,
    pub(super) blob: Vec<u8>,
    /// The digest of the uncompressed archive.
    pub(super) diff_id: Digest,
}

/// zlib's level: 9 is worth its time on a binary.
const GZIP_LEVEL: u32 = 9;
/// zstd's level: above 19 memory grows on the reading side as well.
const ZSTD_LEVEL: i32 = 19;

pub(super) fn build(spec: &Spec, binary: &[u8]) -> Result<Layer> {
    let room = Vec::with_capacity(binary.len() / 2);
    match spec.compression {
        Compression::Gzip => {
            // No file name and no time in the header: `gzip -n`.
            let encoder = GzBuilder::new().mtime(0).write(room, Level::new(GZIP_LEVEL));
            let (encoder, diff_id) = archive(spec, binary, encoder)?;
            let blob = encoder.finish().context("cannot compress the layer")?;
            Ok(Layer { media_type: MediaType::ImageLayerGzip, blob, diff_id })
        }
        Compression::Zstd => {
            let encoder =
                zstd::Encoder::new(room, ZSTD_LEVEL).context("cannot compress the layer")?;
            let (encoder, diff_id) = archive(spec, binary, encoder)?;
            let blob = encoder.finish().context("cannot compress the layer")?;
            Ok(Layer { media_type: MediaType::ImageLayerZstd, blob, diff_id })
        }
    }
}

/// Writes the archive to `writer`: one file, owned by root and writable by nobody.
fn archive<W: Write>(spec: &Spec, binary: &[u8], writer: W) -> Result<(W, Digest)> {
    let mut builder = tar::Builder::new(HashingWriter::new(writer));
    let mut header = tar::Header::new_ustar();
    header.set_size(binary.len() as u64);
    header.set_mode(0o555);
    header.set_mtime(spec.epoch);
    header.set_uid(0);
    header.set_gid(0);
    builder
        .append_data(&mut header, &spec.name, binary)
        .context("cannot write the layer's archive")?;
    let (writer, diff_id, _) =
        builder.into_inner().context("cannot end the layer's archive")?.finish();
    Ok((writer, diff_id))
}
