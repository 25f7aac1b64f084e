//! A TCP proxy that breaks a connection after so many bytes from the client.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

/// The running proxy; it ends with the test's process.
pub struct Proxy {
    pub address: SocketAddr,
    /// Runs when the connection has been broken.
    pub broken: Arc<AtomicI64>,
}

impl Proxy {
    /// Starts a proxy to `server`; `cut` is called when the connection breaks, before the client
    /// can notice.
    pub fn start(server: SocketAddr, after: i64, cut: impl Fn() + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("the port");
        // Bytes that still pass from clients to the server; at 0 the connection breaks, once.
        let left = Arc::new(AtomicI64::new(after));
        let broken = Arc::new(AtomicI64::new(0));
        let (counter, cut) = (Arc::clone(&broken), Arc::new(cut));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(upstream) = TcpStream::connect(server) else { continue };
                let pair = (client.try_clone(), upstream.try_clone());
                let (Ok(down), Ok(up)) = pair else { continue };
                thread::spawn(move || forward(upstream, down));
                let (left, broken, cut) =
                    (Arc::clone(&left), Arc::clone(&counter), Arc::clone(&cut));
                thread::spawn(move || {
                    if count_down(&client, &up, &left) {
                        cut();
                        broken.fetch_add(1, Ordering::SeqCst);
                    }
                    let _ = (client.shutdown(Shutdown::Both), up.shutdown(Shutdown::Both));
                });
            }
        });
        Self { address, broken }
    }
}

/// Passes on what the client sends. True where the count ended it.
fn count_down(mut client: &TcpStream, mut up: &TcpStream, left: &AtomicI64) -> bool {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let Ok(count @ 1..) = client.read(&mut buffer) else { return false };
        let bytes = i64::try_from(count).expect("a buffer's length");
        let before = left.fetch_sub(bytes, Ordering::SeqCst);
        // It passes 0 once: before and after, everything goes through.
        let cut = before > 0 && before <= bytes;
        let pass = if cut { usize::try_from(before).expect("positive") } else { count };
        if up.write_all(&buffer[..pass]).is_err() || cut {
            return cut;
        }
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream) {
    // Either side may break: that is what this is for.
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
}
