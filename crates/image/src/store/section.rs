//! A range of a file as a reader.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// Reads `left` bytes of `file` from `offset`; several sections of one file can be read at once.
pub(super) struct Section<'a> {
    file: &'a File,
    offset: u64,
    left: u64,
}

impl<'a> Section<'a> {
    pub(super) fn new(file: &'a File, offset: u64, size: u64) -> Self {
        Self { file, offset, left: size }
    }
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read_at(&mut buffer[..wanted], self.offset)?;
        if read == 0 && wanted > 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the archive ends in the middle of this blob",
            ));
        }
        self.offset += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}
