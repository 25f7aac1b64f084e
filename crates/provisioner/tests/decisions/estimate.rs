//! How often is looked at what takes long.

use std::time::Duration;

use skyward_provisioner::kind::named;
use skyward_provisioner::plan::Action;

#[test]
fn looks_are_frequent_when_it_is_due_and_never_stop() {
    for kind in ["nat-gateway", "db-cluster", "auto-scaling-group"] {
        let estimate = named(kind).expect("a kind").estimate(Action::Create);
        let (mut elapsed, mut looks) = (Duration::ZERO, 0);
        while elapsed < estimate.usual {
            let pause = estimate.pause(elapsed);
            assert!(pause >= Duration::from_secs(1) && pause <= Duration::from_secs(20));
            elapsed += pause;
            looks += 1;
        }
        assert!(looks < 200, "{kind}: {looks}");
        let overshoot = elapsed.saturating_sub(estimate.usual).as_secs_f64();
        assert!(overshoot <= 0.02 * estimate.usual.as_secs_f64() + 1.0, "{kind}: {overshoot}");
    }
}
