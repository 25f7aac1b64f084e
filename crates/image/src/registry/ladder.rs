//! The next step of an upload after each answer. Pure.
//!
//! Registries disagree: GHCR answers 416 to more than 4 MiB in one request, ECR answers
//! `BLOB_UPLOAD_INVALID` where an upload begins again at 0, some take no chunks at all. So an
//! upload has two modes, and changes to the other where one was refused twice.

use super::retry::is_transient;

/// The form in which a blob is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// All bytes in the PUT that ends the upload.
    Whole,
    /// PATCH for each chunk, then an empty PUT.
    Chunked,
}

/// The step after bytes were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It may pass: wait, ask how far the upload is, continue there.
    Ask,
    /// Continue at this byte.
    Continue(u64),
    /// Begin a new upload.
    Restart,
    /// Report the answer.
    Fail,
}

/// The mode in use, and what was refused in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ladder {
    pub(super) mode: Mode,
    refusals: u32,
    switched: bool,
}

impl Ladder {
    /// A blob that fits into one chunk is sent whole: POST and PUT, which every registry takes.
    pub(super) fn new(size: u64, chunk: u64) -> Self {
        let mode = if size <= chunk { Mode::Whole } else { Mode::Chunked };
        Self { mode, refusals: 0, switched: false }
    }

    /// Decides after `status` was the answer to bytes. `range` is the end of the upload
    /// by that answer, `offset` the end that was expected.
    pub(super) fn refused(&mut self, status: u16, range: Option<u64>, offset: u64) -> Next {
        if is_transient(status) {
            return Next::Ask;
        }
        match status {
            // Out of order: the registry says where it is.
            416 if self.mode == Mode::Chunked => match range {
                Some(at) if at != offset => Next::Continue(at),
                _ => self.again(),
            },
            // Too much at once.
            413 | 416 if self.mode == Mode::Whole => self.switch(),
            // The upload is not known any more: it ended, or the registry restarted.
            404 | 410 => Next::Restart,
            400 | 405 | 411 | 415 | 416 | 422 | 501 => self.again(),
            _ => Next::Fail,
        }
    }

    /// The first refusal may be due to what was left of a broken upload; the second is the mode's.
    fn again(&mut self) -> Next {
        self.refusals += 1;
        if self.refusals < 2 { Next::Restart } else { self.switch() }
    }

    fn switch(&mut self) -> Next {
        if self.switched {
            return Next::Fail;
        }
        self.switched = true;
        self.refusals = 0;
        self.mode = match self.mode {
            Mode::Whole => Mode::Chunked,
            Mode::Chunked => Mode::Whole,
        };
        Next::Restart
    }
}

/// The length of the next chunk: `chunk`, or the registry's minimum where that is more, or what
/// is left.
pub(super) fn chunk_length(offset: u64, size: u64, chunk: u64, min_chunk: u64) -> u64 {
    chunk.max(min_chunk).min(size - offset)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHUNK: u64 = 1000;

    #[test]
    fn small_blobs_go_whole_and_large_ones_in_chunks() {
        assert_eq!(Ladder::new(CHUNK, CHUNK).mode, Mode::Whole);
        assert_eq!(Ladder::new(CHUNK + 1, CHUNK).mode, Mode::Chunked);
    }

    #[test]
    fn answers_lead_to_steps() {
        let large = || Ladder::new(CHUNK * 3, CHUNK);
        for (status, range, next) in [
            (503, None, Next::Ask),
            (429, None, Next::Ask),
            (416, Some(10), Next::Continue(10)),
            (416, Some(20), Next::Restart),
            (416, None, Next::Restart),
            (404, None, Next::Restart),
            (400, None, Next::Restart),
            (413, None, Next::Fail),
            (402, None, Next::Fail),
        ] {
            assert_eq!(large().refused(status, range, 20), next, "{status} {range:?}");
        }
    }

    #[test]
    fn a_mode_refused_twice_gives_way_to_the_other_once() {
        let mut ladder = Ladder::new(CHUNK * 3, CHUNK);
        assert_eq!(ladder.refused(400, None, 0), Next::Restart);
        assert_eq!(ladder.mode, Mode::Chunked);
        assert_eq!(ladder.refused(400, None, 0), Next::Restart);
        assert_eq!(ladder.mode, Mode::Whole);
        assert_eq!(ladder.refused(413, None, 0), Next::Fail);
        let mut small = Ladder::new(10, CHUNK);
        assert_eq!(small.refused(416, None, 0), Next::Restart);
        assert_eq!(small.mode, Mode::Chunked);
    }

    proptest! {
        #[test]
        fn refusals_end(statuses in proptest::collection::vec(prop_oneof![Just(400u16), Just(416), Just(413), Just(405)], 8)) {
            let mut ladder = Ladder::new(CHUNK * 3, CHUNK);
            let failed = statuses.iter().any(|status| ladder.refused(*status, None, 0) == Next::Fail);
            prop_assert!(failed, "eight refusals are enough for any registry");
        }

        #[test]
        fn chunks_cover_the_blob(size in 1u64..50_000, min_chunk in 0u64..20_000) {
            let mut offset = 0;
            while offset < size {
                let length = chunk_length(offset, size, CHUNK, min_chunk);
                prop_assert!(length > 0);
                prop_assert!(offset + length == size || length >= min_chunk.max(CHUNK));
                offset += length;
            }
            prop_assert_eq!(offset, size);
        }
    }
}
