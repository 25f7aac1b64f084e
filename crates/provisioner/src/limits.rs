//! Token buckets on our side, one for what shares a bucket in AWS, so that we are rarely throttled there.
//!
//! EC2's numbers: "Request throttling for the Amazon EC2 API". Elsewhere AWS publishes few; these are careful ones.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use skyward_aws::{Operation, Service};

/// The number of calls at once, and a second from then on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rate {
    capacity: f64,
    refill: f64,
}

const fn rate(capacity: f64, refill: f64) -> Rate {
    Rate { capacity, refill }
}

/// The calls that share a bucket: an operation of EC2 alone, the reads or the writes of other services together.
type Key = (Service, Option<Operation>, bool);

fn bucket(operation: Operation) -> (Key, Rate) {
    use Operation as O;
    let service = operation.service();
    let is_read =
        ["Describe", "Get", "List", "Head"].iter().any(|verb| operation.name().starts_with(verb));
    let rate = match (service, operation) {
        (_, O::DescribeAvailabilityZones | O::DescribeAccountAttributes) => rate(50.0, 10.0),
        (_, O::CreateNatGateway | O::DeleteNatGateway) => rate(10.0, 1.0),
        (_, O::CreateTags) => rate(100.0, 10.0),
        (_, O::CreateVpcEndpoint) => rate(4.0, 0.3),
        (Service::Elb, _) if is_read => rate(40.0, 10.0),
        (Service::Elb, _) => rate(20.0, 3.0),
        (Service::Iam, _) if !is_read => rate(50.0, 10.0),
        (Service::S3, _) => rate(200.0, 100.0),
        (Service::Sts | Service::Ssm, _) => rate(100.0, 40.0),
        // And those of EC2, Auto Scaling, RDS and IAM that read.
        _ if is_read => rate(100.0, 20.0),
        _ => rate(50.0, 5.0),
    };
    let is_each = matches!(service, Service::Ec2 | Service::Sts | Service::Ssm);
    ((service, is_each.then_some(operation), is_read), rate)
}

/// The buckets of an account and region; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Limits(Rc<RefCell<BTreeMap<Key, (f64, Instant)>>>);

impl Limits {
    /// Takes a token, and says how long to wait until it is there: who asks first is served first.
    pub fn take(&self, operation: Operation) -> Duration {
        let (key, Rate { capacity, refill }) = bucket(operation);
        let now = Instant::now();
        let mut buckets = self.0.borrow_mut();
        let (tokens, since) = buckets.entry(key).or_insert((capacity, now));
        *tokens = (*tokens + now.duration_since(*since).as_secs_f64() * refill).min(capacity) - 1.0;
        *since = now;
        Duration::from_secs_f64((-*tokens / refill).max(0.0))
    }

    /// AWS says that its bucket is empty, whoever emptied it: so is ours.
    pub fn emptied(&self, operation: Operation) {
        let (key, Rate { refill, .. }) = bucket(operation);
        if let Some((tokens, _)) = self.0.borrow_mut().get_mut(&key) {
            // Not below what is promised already.
            *tokens = tokens.min(-refill.min(1.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_bucket_gives_its_tokens_and_then_one_after_the_other() {
        let limits = Limits::default();
        let waits: Vec<Duration> =
            (0..13).map(|_| limits.take(Operation::CreateNatGateway)).collect();
        assert!(waits[..10].iter().all(Duration::is_zero));
        assert_eq!(waits[10..], [1, 2, 3].map(Duration::from_secs));
        assert!(limits.take(Operation::DeleteNatGateway).is_zero(), "a bucket of its own");
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(limits.take(Operation::CreateNatGateway).is_zero());
    }
}
