//! A sweep met in part: a kill at every call, every fault at every call, and many seeds take the better part of an hour.
//!
//! `cargo xtask ci` sets [`SEED`], and each sweep then meets a sample of its points, spread over the whole of it. The seed changes with
//! the commit, so that all points are met over time. Without the variable, and under `cargo xtask ci --exhaustive`, all of them are met.

use std::{
    env,
    fs::OpenOptions,
    hash::{DefaultHasher, Hash, Hasher},
    io::Write,
};

/// The variable with the seed of the samples: any text. Where it is not set, a sweep is whole.
pub const SEED: &str = "SKYWARD_SAMPLE";
/// The variable with the path of a file to which each sampled sweep adds a line: its name, the points met, and all points, with tabs
/// between them.
pub const LOG: &str = "SKYWARD_SAMPLE_LOG";

/// The points of the sweep `name` that this run meets, in their order: all of them, or `at_most` where [`SEED`] is set.
///
/// The points are cut into `at_most` stretches of about one length, of each of which the seed picks one: no part of a sweep is left out.
pub fn sample<T>(name: &str, points: impl IntoIterator<Item = T>, at_most: usize) -> Vec<T> {
    let points: Vec<T> = points.into_iter().collect();
    let all = points.len();
    let Some(seed) = env::var_os(SEED) else { return points };
    let picked = picks(&seed.to_string_lossy(), name, all, at_most);
    log(name, picked.len(), all);
    let mut picked = picked.into_iter().peekable();
    points
        .into_iter()
        .enumerate()
        .filter_map(|(at, point)| picked.next_if_eq(&at).map(|_| point))
        .collect()
}

/// Tells whether this run meets samples.
pub fn is_sampled() -> bool {
    env::var_os(SEED).is_some()
}

/// The places of the points that are met, ascending.
fn picks(seed: &str, name: &str, all: usize, at_most: usize) -> Vec<usize> {
    let stretches = at_most.min(all);
    (0..stretches)
        .map(|stretch| {
            let (start, end) = (stretch * all / stretches, (stretch + 1) * all / stretches);
            let mut hasher = DefaultHasher::new();
            (seed, name, stretch).hash(&mut hasher);
            start
                + usize::try_from(hasher.finish() % (end - start) as u64)
                    .expect("smaller than the stretch")
        })
        .collect()
}

/// One line, written in one piece: the sweeps of several processes share the file.
fn log(name: &str, met: usize, all: usize) {
    let Some(path) = env::var_os(LOG) else { return };
    let line = format!("{name}\t{met}\t{all}\n");
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("the log of samples can be written");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::picks;

    #[test]
    fn every_point_is_met_over_time_and_no_part_is_left_out() {
        let mut met = BTreeSet::new();
        for commit in 0..200 {
            let picked = picks(&commit.to_string(), "apply", 100, 7);
            assert_eq!(picked.len(), 7);
            assert!(picked.windows(2).all(|pair| pair[0] < pair[1]), "{picked:?}");
            assert!(picked[0] < 15 && picked[6] >= 85, "{picked:?}");
            met.extend(picked);
        }
        assert_eq!(met.len(), 100);
        assert_eq!(picks("x", "few points", 3, 7), [0, 1, 2]);
        assert!(picks("x", "none", 0, 7).is_empty());
    }
}
