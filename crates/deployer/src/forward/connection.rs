//! One connection, from the client to a pod and back.
//!
//! The port forwarding of Kubernetes cannot carry the end of one direction (`portforward` over `WebSocket`
//! has no message for it). So the client's end is kept here: the pod is not told of it, and its answer still comes
//! through.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, copy, sink, split};
use tokio::net::TcpStream;
use tokio::net::tcp::WriteHalf;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::pods::{Pods, Way};

/// The pods that are tried for one connection.
const TRIES: usize = 4;

/// The bytes that a client may send and have sent once more, to another pod, as long as no pod has had them. The stream into a pod
/// takes more than that at once.
const KEPT: usize = 64 * 1024;

/// The time that a pod may be silent after the client's end. A client that is wholly gone looks the same.
const QUIET: Duration = Duration::from_secs(30);

/// The time that a client may send after the pod's end: an early close would reset the answer on its way.
const REST: Duration = Duration::from_secs(1);

/// Carries a connection to its end. Where all connections are in use (`full`), one whose client sends nothing more
/// ends.
///
/// # Errors
/// The reason why it was closed before it was over.
pub(super) async fn carry(
    mut client: TcpStream,
    pods: &Pods,
    mut full: watch::Receiver<bool>,
) -> Result<(), String> {
    let _ = client.set_nodelay(true);
    let mut sent = Sent::default();
    let mut tried = Vec::new();
    let mut last = None;
    while tried.len() < TRIES {
        let Some(pod) = pods.next(&tried).await.map_err(|error| error.to_string())? else { break };
        let named = |why: String| format!("{pod}: {why}");
        match pods.open(&pod).await {
            Ok(mut way) => match sent.until_answer(&mut client, &mut way, &mut full).await {
                First::Answer(bytes) => {
                    return exchange(client, way, &bytes, sent.ended, full).await.map_err(named);
                }
                First::Over => return Ok(()),
                First::Failed(why) if !was_unreached(&why) => return Err(named(why)),
                First::Failed(why) => last = Some(named(why)),
            },
            Err(error) if error.is_lasting() => return Err(error.to_string()),
            Err(error) => last = Some(error.to_string()),
        }
        tried.push(pod.uid);
        pods.forget().await;
    }
    Err(last.unwrap_or_else(|| pods.none_ready()))
}

/// The first thing that came from the pod.
enum First {
    /// These bytes; none where the pod has ended it, or the client has sent more than is kept.
    Answer(Vec<u8>),
    /// Nothing, and nobody waits for it.
    Over,
    /// Nothing; what the node says of it.
    Failed(String),
}

/// The bytes that the client has sent so far.
#[derive(Default)]
struct Sent {
    bytes: Vec<u8>,
    ended: bool,
}

impl Sent {
    /// Sends on what the client sends, and keeps it, until the pod answers.
    async fn until_answer(
        &mut self,
        client: &mut TcpStream,
        way: &mut Way,
        full: &mut watch::Receiver<bool>,
    ) -> First {
        let (mut answer, mut next) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
        // A way that is lost meanwhile ends when it is read.
        let _ = way.stream.write_all(&self.bytes).await;
        let mut quiet = Instant::now() + QUIET;
        while self.bytes.len() <= KEPT {
            tokio::select! {
                // What the node says of a failure comes before the end.
                biased;
                Some(said) = &mut way.error => return First::Failed(said),
                count = way.stream.read(&mut answer) => {
                    answer.truncate(count.unwrap_or(0));
                    return First::Answer(answer);
                }
                count = client.read(&mut next), if !self.ended => match count {
                    Ok(0) => {
                        self.ended = true;
                        quiet = Instant::now() + QUIET;
                    }
                    Ok(count) => {
                        self.bytes.extend_from_slice(&next[..count]);
                        let _ = way.stream.write_all(&next[..count]).await;
                    }
                    Err(_) => return First::Over,
                },
                () = sleep_until(quiet), if self.ended => return First::Over,
                () = wanted(full), if self.ended => return First::Over,
            }
        }
        First::Answer(Vec::new())
    }
}

/// Returns true where nothing listened in the pod: what was sent reached nobody, and may be sent again. The words are those of
/// the container runtimes (containerd's and CRI-O's `sandbox_portforward`) and the kubelet's; others mean that it
/// may have been reached.
fn was_unreached(said: &str) -> bool {
    const WORDS: [&str; 7] = [
        "connection refused",
        "failed to connect to",
        "failed to dial",
        "failed to find sandbox",
        "is not running",
        "is closed",
        "not found",
    ];
    WORDS.iter().any(|words| said.contains(words))
}

/// Copies both ways, after the pod's first bytes, until the pod ends it or the client is gone.
async fn exchange(
    mut client: TcpStream,
    mut way: Way,
    first: &[u8],
    ended: bool,
    mut full: watch::Receiver<bool>,
) -> Result<(), String> {
    let heard = Mutex::new(Instant::now());
    let pod_has_ended = {
        let (mut from_client, mut to_client) = client.split();
        let (from_pod, mut to_pod) = split(&mut way.stream);
        let up = async {
            // A way that is lost is seen where it is read.
            if ended || copy(&mut from_client, &mut to_pod).await.is_ok() {
                silence(&heard, &mut full).await;
            }
        };
        tokio::select! {
            whole = down(first, from_pod, &mut to_client, &heard) => whole,
            () = up => false,
        }
    };
    if !pod_has_ended {
        return Ok(());
    }
    let _ = client.shutdown().await;
    let loss = way.loss().await;
    let _ = timeout(REST, copy(&mut client, &mut sink())).await;
    loss.map_or(Ok(()), Err)
}

/// Copies what the pod sends. True: to its end; false: the client is gone.
async fn down(
    first: &[u8],
    mut from_pod: ReadHalf<&mut DuplexStream>,
    to_client: &mut WriteHalf<'_>,
    heard: &Mutex<Instant>,
) -> bool {
    let mut bytes = vec![0; 64 * 1024];
    let mut part = first;
    loop {
        if to_client.write_all(part).await.is_err() {
            return false;
        }
        *heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        part = match from_pod.read(&mut bytes).await {
            Ok(0) | Err(_) => return true,
            Ok(count) => &bytes[..count],
        };
    }
}

/// Waits until all connections are in use.
async fn wanted(full: &mut watch::Receiver<bool>) {
    let _ = full.wait_for(|full| *full).await;
}

/// Waits until nothing was heard for long, or the connection is wanted for another client.
async fn silence(heard: &Mutex<Instant>, full: &mut watch::Receiver<bool>) {
    let last = || *heard.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = Instant::now();
    let quiet = async {
        loop {
            let end = last().max(begun) + QUIET;
            if Instant::now() >= end {
                return;
            }
            sleep_until(end).await;
        }
    };
    tokio::select! {
        () = quiet => {}
        () = wanted(full) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reached_nobody_is_sent_again() {
        let containerd = "error forwarding port 8000 to pod 1f2e, uid : failed to execute portforward in network namespace \
            \"/var/run/netns/cni-1\": failed to connect to localhost:8000 inside namespace \"1f2e\", IPv4: dial tcp4 \
            127.0.0.1:8000: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found";
        for (said, unreached) in [
            (containerd, true),
            ("failed to find sandbox \"1f2e\" in store: not found", true),
            ("network namespace for sandbox \"1f2e\" is closed", true),
            ("read tcp4 127.0.0.1:4->127.0.0.1:8000: read: connection reset by peer", false),
            ("write: broken pipe", false),
            ("", false),
        ] {
            assert_eq!(was_unreached(said), unreached, "{said}");
        }
    }
}
