//! One tar archive that is an OCI layout and a Docker archive at once.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use tar::{Builder, EntryType, Header};

use super::documents::{Documents, OCI_LAYOUT};
use super::whole;
use crate::pack::Image;

pub(super) fn write(image: &Image, documents: &Documents, path: &Path) -> Result<()> {
    whole(path, |unfinished| fill(image, documents, unfinished))
}

fn fill(image: &Image, documents: &Documents, path: &Path) -> Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut builder = Builder::new(BufWriter::with_capacity(1 << 20, file));
    append(&mut builder, "blobs/", EntryType::Directory, &[])?;
    append(&mut builder, "blobs/sha256/", EntryType::Directory, &[])?;
    for (digest, bytes) in image.blobs.iter() {
        append(
            &mut builder,
            &format!("blobs/{}", digest.replace(':', "/")),
            EntryType::Regular,
            bytes,
        )?;
    }
    append(&mut builder, "index.json", EntryType::Regular, &documents.index)?;
    append(&mut builder, "manifest.json", EntryType::Regular, &documents.manifest)?;
    append(&mut builder, "oci-layout", EntryType::Regular, OCI_LAYOUT)?;
    builder.into_inner()?.flush().context("cannot write the end")
}

/// Appends an entry that says nothing of the machine and the moment it was made on.
fn append(
    builder: &mut Builder<impl Write>,
    path: &str,
    kind: EntryType,
    bytes: &[u8],
) -> Result<()> {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(if kind == EntryType::Directory { 0o755 } else { 0o644 });
    header.set_size(bytes.len() as u64);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    builder.append_data(&mut header, path, bytes).with_context(|| format!("cannot write {path}"))
}
