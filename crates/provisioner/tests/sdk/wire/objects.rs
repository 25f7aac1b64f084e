//! Calls on objects: moto denies all that a bucket's policy denies, whatever the condition of that is, and over HTTP it could not
//! meet the one of ours. So the policy is away while such a call is carried out, and no other call is meanwhile.

use std::io;

/// The bucket of a request on its objects, by the first line of the request; none of any other.
pub(super) fn bucket(head: &str) -> Option<&str> {
    let mut words = head.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (bucket, key) = path.strip_prefix('/')?.split_once('/').unwrap_or((&path[1..], ""));
    let is_on_objects = match method {
        "POST" => query == "delete" || query.starts_with("delete&"),
        "GET" | "HEAD" | "PUT" | "DELETE" => !key.is_empty(),
        _ => false,
    };
    (is_on_objects && !bucket.is_empty()).then_some(bucket)
}

/// Carries out a call on objects of a bucket without its policy. `send` sends a request of these words and this body to moto.
pub(super) fn without_policy(
    bucket: &str,
    send: &dyn Fn(&str, &str) -> io::Result<Vec<u8>>,
    call: &dyn Fn() -> io::Result<Vec<u8>>,
) -> io::Result<Vec<u8>> {
    let policy = send(&format!("GET /{bucket}?policy"), "")?;
    let policy = String::from_utf8_lossy(&policy).into_owned();
    let policy = policy.split_once("\r\n\r\n").filter(|(head, _)| head.contains(" 200 "));
    let Some((_, policy)) = policy else { return call() };
    send(&format!("DELETE /{bucket}?policy"), "")?;
    let answer = call();
    send(&format!("PUT /{bucket}?policy"), policy)?;
    answer
}
