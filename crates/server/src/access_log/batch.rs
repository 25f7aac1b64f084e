//! Lines with the time of each, so that those of several workers can be put in one order.

use crate::clock::Tick;

/// Lines of one worker, in their order.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    /// When each line was written, and where it ends.
    marks: Vec<(Tick, usize)>,
}

impl Batch {
    /// Bytes of all lines.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Tells whether there are no lines.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Adds the line that `write` appends, with its line feed.
    pub(crate) fn add(&mut self, now: Tick, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.marks.push((now, self.bytes.len()));
    }

    /// Empties it, and keeps room for `capacity` bytes at most.
    pub(crate) fn clear(&mut self, capacity: usize) {
        self.bytes.clear();
        self.marks.clear();
        self.bytes.shrink_to(capacity);
        self.marks.shrink_to(capacity / 32);
    }
}

/// Appends the lines of all `batches` in the order of their time.
pub(crate) fn merge(batches: &[Batch], merged: &mut Vec<u8>) {
    // The position in each batch: the next mark, and the byte where its line begins.
    let mut heads: Vec<(&Batch, usize, usize)> =
        batches.iter().filter(|batch| !batch.is_empty()).map(|batch| (batch, 0, 0)).collect();
    while heads.len() > 1 {
        let earliest = heads
            .iter()
            .enumerate()
            .min_by_key(|(_, (batch, mark, _))| batch.marks[*mark].0)
            .map_or(0, |(index, _)| index);
        let (batch, mark, begin) = &mut heads[earliest];
        let end = batch.marks[*mark].1;
        merged.extend_from_slice(&batch.bytes[*begin..end]);
        (*mark, *begin) = (*mark + 1, end);
        if *mark == batch.marks.len() {
            heads.swap_remove(earliest);
        }
    }
    if let [(batch, _, begin)] = heads[..] {
        merged.extend_from_slice(&batch.bytes[begin..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_come_in_the_order_of_their_time(times in prop::collection::vec((0_usize..4, 1_u64..9), 0..60)) {
            let mut batches: Vec<Batch> = (0..4).map(|_| Batch::default()).collect();
            let (mut now, mut expected) = (0, String::new());
            for (index, step) in times {
                now += step;
                let line = format!("{index} {now}\n");
                batches[index].add(Tick(now), |bytes| bytes.extend_from_slice(line.as_bytes()));
                expected.push_str(&line);
            }
            let mut merged = Vec::new();
            merge(&batches, &mut merged);
            prop_assert_eq!(String::from_utf8(merged).unwrap(), expected);
        }
    }
}
