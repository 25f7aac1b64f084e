//! The entries of a layer within its source, with all digests checked.

use std::io::{self, Read};

use anyhow::{Context, Result, bail};
use oci_spec::image::Descriptor;

use super::{Entry, Limits, decompress, walk};
use crate::digest::HashingReader;
use crate::source::Source;
use crate::verify;

/// Calls `visit` with each entry of the layer and its contents; fails at the end where a digest differs.
pub fn visit(
    source: &dyn Source,
    descriptor: &Descriptor,
    diff_id: &str,
    limits: Limits,
    visit: impl FnMut(Entry, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    let name = descriptor.digest();
    let mut blob = verify::reader(source, descriptor)?;
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
