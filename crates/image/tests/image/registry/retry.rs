//! The retry policy, without time and chance.

use std::time::Duration;

use proptest::prelude::*;
use skyward_image::registry::{Decision, Policy, TransientFault, retry_after};

fn fault(retry_after: Option<u64>) -> TransientFault {
    TransientFault { reason: "503".to_owned(), retry_after: retry_after.map(Duration::from_secs) }
}

#[test]
fn a_servers_wish_is_a_lower_bound() {
    let policy = Policy::default();
    let decision = policy.decide(1, 6, Duration::ZERO, &fault(Some(7)));
    assert_eq!(decision, Decision::Retry(Duration::from_secs(7)));
}

#[test]
fn both_bounds_end_it() {
    let policy = Policy { deadline: Duration::from_mins(1), ..Policy::default() };
    assert_eq!(
        policy.decide(6, 6, Duration::ZERO, &fault(None)),
        Decision::GiveUp("tried 6 times".to_owned())
    );
    assert_eq!(
        policy.decide(1, 6, Duration::from_secs(50), &fault(Some(3600))),
        Decision::GiveUp("the registry asks to wait 3600 s, and 10 s are left of 60 s".to_owned())
    );
    assert_eq!(
        policy.decide(1, 6, Duration::from_mins(2), &fault(None)),
        Decision::GiveUp("60 s are over".to_owned())
    );
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
    assert_eq!(retry_after("120", now), Some(Duration::from_mins(2)));
    assert_eq!(retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now), Some(Duration::from_secs(30)));
    assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:07 GMT", now), Some(Duration::ZERO));
    assert_eq!(retry_after("soon", now), None);
}

proptest! {
    #[test]
    fn waits_grow_within_their_bounds(seed: u64, attempt in 1u32..5) {
        let policy = Policy { seed, ..Policy::default() };
        let full = (policy.base * (1 << (attempt - 1))).min(policy.cap);
        let Decision::Retry(wait) = policy.decide(attempt, 6, Duration::ZERO, &fault(None)) else {
            panic!("attempt {attempt} of {} is tried again", policy.attempts);
        };
        prop_assert!(wait >= full / 2 && wait <= full, "{wait:?} of {full:?}");
        prop_assert_eq!(policy.decide(attempt, 6, Duration::ZERO, &fault(None)), Decision::Retry(wait));
    }
}
