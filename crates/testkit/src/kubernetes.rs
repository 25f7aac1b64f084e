//! A real Kubernetes for the tests, in parts: a control plane, a node without containers, a node with them, and a proxy that
//! does what a network does on a bad day.

pub mod balancer;
pub mod census;
pub mod certificates;
pub mod control_plane;
pub mod foreign;
pub mod hollow;
pub mod load;
pub mod node;
pub mod pods;
pub mod proxy;
pub mod supervisor;

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

/// The runtime of the background work of a test binary. It lives as long as the binary.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
    })
}

/// Waits for a future, also where the caller itself is within a runtime.
pub fn block_on<F>(future: F) -> F::Output
where
    F: Future + Send,
    F::Output: Send,
{
    std::thread::scope(|scope| {
        scope
            .spawn(|| runtime().block_on(future))
            .join()
            .unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Asks again and again until there is an answer.
pub async fn until<T, F, Fut>(what: &str, seconds: u64, mut ask: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {seconds} s");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
