//! Many deployers, one lock and a bad network, in a simulated time: requests and answers are late or lost, deployers are cut
//! off for a while or die. No write of one may land while another is the holder.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use skyward_deployer::api::{Apply, Reason, RetryPolicy};
use skyward_deployer::lock::{Held, Holder, Lock, LockError};
use skyward_deployer::manifest::{Kind, Manifest, ObjectId};
use tokio::time::{Instant, sleep};

use super::scripted::{self, Answer, Asked};

/// Numbers that depend on nothing but the seed (splitmix64).
struct Dice(Mutex<u64>);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    /// One of 0 to `below` - 1.
    fn roll(&self, below: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    fn milliseconds(&self, below: u64) -> Duration {
        Duration::from_millis(self.roll(below))
    }
}

/// The API server: one Lease, and writes by name of their deployer.
#[derive(Default)]
struct Store {
    lease: Option<Value>,
    version: u64,
    writes: Vec<String>,
    /// Writes that landed while another was the holder.
    mixed: Vec<String>,
    takeovers: u64,
}

impl Store {
    fn serve(&mut self, asked: &Asked) -> http::Response<Vec<u8>> {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        match (asked.method.as_str(), &self.lease) {
            ("PATCH", lease) => {
                let by = body["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                let holder =
                    lease.as_ref().and_then(|lease| lease["spec"]["holderIdentity"].as_str());
                if !holder.is_some_and(|holder| holder.starts_with(&format!("{by} "))) {
                    self.mixed.push(format!("{by} wrote while {holder:?} held the lock"));
                }
                self.writes.push(by);
                scripted::json(200, &json!({"metadata": {}}))
            }
            ("GET" | "PUT" | "DELETE", None) => scripted::status(404, "NotFound", "not found"),
            ("GET", Some(lease)) => scripted::json(200, lease),
            ("POST", Some(_)) => scripted::status(409, "AlreadyExists", "it is there"),
            ("POST", None) => self.keep(body),
            ("PUT", Some(lease))
                if body["metadata"]["resourceVersion"] == lease["metadata"]["resourceVersion"] =>
            {
                self.keep(body)
            }
            ("DELETE", Some(lease))
                if body["preconditions"]["resourceVersion"]
                    == lease["metadata"]["resourceVersion"] =>
            {
                self.lease = None;
                scripted::json(200, &json!({}))
            }
            _ => scripted::status(409, "Conflict", "modified"),
        }
    }

    fn keep(&mut self, mut lease: Value) -> http::Response<Vec<u8>> {
        self.version += 1;
        lease["metadata"]["resourceVersion"] = json!(self.version.to_string());
        lease["metadata"]["uid"] = json!("1");
        let holder = |lease: &Value| lease["spec"]["holderIdentity"].clone();
        if self.lease.as_ref().is_some_and(|old| holder(old) != holder(&lease)) {
            self.takeovers += 1;
        }
        self.lease = Some(lease.clone());
        scripted::json(200, &lease)
    }
}

/// One deployer's way to the API server.
struct Network {
    dice: Dice,
    store: Arc<Mutex<Store>>,
    cut_off_until: Mutex<Instant>,
}

impl Network {
    async fn carry(self: Arc<Self>, asked: Asked) -> Answer {
        if self.dice.roll(15) == 0 {
            let seconds = 5 + self.dice.roll(30);
            *self.cut_off_until.lock().unwrap() = Instant::now() + Duration::from_secs(seconds);
        }
        let until = *self.cut_off_until.lock().unwrap();
        if Instant::now() < until {
            // Half of the cuts are noticed, half only look like a slow server.
            if self.dice.roll(2) == 0 {
                sleep(self.dice.milliseconds(500)).await;
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            tokio::time::sleep_until(until).await;
        }
        let slow = if self.dice.roll(10) == 0 { 12_000 } else { 100 };
        sleep(self.dice.milliseconds(slow)).await;
        let answer = self.store.lock().unwrap().serve(&asked);
        sleep(self.dice.milliseconds(slow)).await;
        if self.dice.roll(12) == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(answer)
    }
}

/// Deploys a few times; says how many of its deployments it has lost the lock in, or died in.
async fn deployer(number: usize, seed: u64, store: Arc<Mutex<Store>>) -> u32 {
    let dice = Dice::new(seed ^ 0xabcd);
    let begun = Instant::now();
    let network =
        Arc::new(Network { dice: Dice::new(seed), store, cut_off_until: Mutex::new(begun) });
    let policy = RetryPolicy { seed, ..RetryPolicy::default() };
    let (api, _) = scripted::api(policy, move |asked| Arc::clone(&network).carry(asked));
    let mut ended_early = 0;
    for round in 0..3 {
        let who = format!("{number}.{round}");
        let holder = Holder { who: who.clone(), process: None, nonce: "1".to_owned() };
        let held = loop {
            let lock = Lock::of("web", "web", holder.clone(), Arc::new(move || begun.elapsed()));
            match lock.take(&api, Duration::from_mins(10), &|_| {}).await {
                Ok(held) => break held,
                // The network was down for longer than a call is tried.
                Err(_) => sleep(Duration::from_secs(1)).await,
            }
        };
        let lost = !deploy(&held, &who, &dice).await;
        let dies = dice.roll(4) == 0 || lost;
        ended_early += u32::from(dies);
        if dies {
            drop(held);
        } else if let Err(error) = held.release().await {
            assert!(matches!(error, LockError::Call(_)), "{error}");
        }
    }
    ended_early
}

/// Writes now and then; false: the lock was lost.
async fn deploy(held: &Held, who: &str, dice: &Dice) -> bool {
    let api = held.api();
    for _ in 0..6 {
        sleep(dice.milliseconds(8_000)).await;
        let id = ObjectId { kind: Kind::Service, namespace: None, name: who.to_owned() };
        let manifest = Manifest { id, object: json!({"metadata": {"name": who}}) };
        match api.apply(&manifest, Apply::default()).await {
            Err(error) if matches!(error.reason, Reason::LockLost(_)) => return false,
            // Written, or given up for the network.
            _ => {}
        }
    }
    true
}

#[test]
fn two_deployments_never_mix() {
    let (mut writes, mut takeovers, mut early) = (0, 0, 0);
    for seed in 0..20_u64 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let store: Arc<Mutex<Store>> = Arc::default();
        let ended = runtime.block_on(async {
            let deployers = (0..3)
                .map(|number| deployer(number, seed * 10 + number as u64, Arc::clone(&store)));
            tokio::time::timeout(Duration::from_hours(2), futures_util::future::join_all(deployers))
                .await
                .unwrap_or_else(|_| panic!("seed {seed}: nobody gets the lock any more"))
        });
        let store = store.lock().unwrap();
        assert_eq!(store.mixed, [""; 0], "seed {seed}");
        writes += store.writes.len();
        takeovers += store.takeovers;
        early += ended.iter().sum::<u32>();
    }
    // The simulation is worth nothing where nothing goes wrong.
    assert!(writes > 500 && takeovers > 15 && early > 25, "{writes} {takeovers} {early}");
}
