//! Layers: their compression, the entries of their tar archive, and the names in it that delete.

mod entries;
mod sparse;

use std::io::{self, BufReader, Read};

use anyhow::{Context, Result, bail};
use oci_spec::image::{Descriptor, MediaType};

use crate::digest::HashingReader;
use crate::source::{self, Source};

pub use entries::{Entry, Kind, Limits, walk};

/// The prefix of a whiteout, which deletes the file that the rest of its name names (image-spec, layer.md).
pub(crate) const WHITEOUT: &[u8] = b".wh.";
/// The prefix of whiteouts that name no file.
pub(crate) const DOUBLE_WHITEOUT: &[u8] = b".wh..wh..";
/// The opaque whiteout, which deletes all that lower layers have in its folder.
pub(crate) const OPAQUE: &[u8] = b".wh..wh..opq";

/// The compression of a layer, as its first bytes tell: media types are not always right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// A plain tar archive.
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Compression {
    /// The compression of a stream that begins with `start`, of which 4 bytes are enough.
    pub fn sniff(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }

    /// The media type of a layer that is compressed so.
    pub fn media_type(self) -> MediaType {
        match self {
            Self::None => MediaType::ImageLayer,
            Self::Gzip => MediaType::ImageLayerGzip,
            Self::Zstd => MediaType::ImageLayerZstd,
        }
    }
}

/// The compressions that some tools write and that OCI does not have, by their first bytes.
const UNREAD: [(&str, &[u8]); 2] = [("xz", b"\xfd7zX"), ("bzip2", b"BZh")];

/// Decompresses a layer, whatever its compression.
pub fn decompress<'a>(mut blob: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut start = Vec::with_capacity(4);
    blob.by_ref().take(4).read_to_end(&mut start)?;
    if let Some((name, _)) = UNREAD.iter().find(|(_, magic)| start.starts_with(magic)) {
        let text = format!("it is compressed with {name}; gzip, zstd and none are read");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let compression = Compression::sniff(&start);
    let blob = BufReader::with_capacity(64 << 10, io::Cursor::new(start).chain(blob));
    Ok(match compression {
        Compression::None => Box::new(blob),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(blob)),
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(blob)?),
    })
}

/// Calls `visit` with each entry of the layer and its contents; fails at the end where a digest differs.
pub fn visit(
    image: &dyn Source,
    descriptor: &Descriptor,
    diff_id: &str,
    limits: Limits,
    visit: impl FnMut(Entry, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    let name = descriptor.digest();
    let mut blob = source::reader(image, descriptor)?;
    let plain = decompress(&mut blob).with_context(|| format!("cannot decompress layer {name}"))?;
    let mut plain = HashingReader::new(plain);
    walk(&mut plain, limits, visit).with_context(|| format!("cannot read layer {name}"))?;
    let found = plain.digest().to_string();
    drop(plain);
    io::copy(&mut blob, &mut io::sink()).with_context(|| format!("cannot read layer {name}"))?;
    if found != diff_id {
        bail!(
            "layer {name} is not the one that the configuration names: uncompressed it has the digest {found}, not {diff_id}"
        );
    }
    Ok(())
}
