//! A run that has nothing to do writes nothing, and two runs at one time do not mix.

use std::time::{Duration, Instant};

use crate::support::census::{self, Item};
use crate::support::deployer::{Deployer, said};
use crate::support::proxy::{Fault, Proxy};
use crate::support::{block_on, cluster};

fn objects(namespace: &str) -> Vec<Item> {
    block_on(async { census::of(&cluster().client().await, namespace).await })
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_second_run_sends_no_write() {
    let proxy = Proxy::start(cluster());
    let web = Deployer::new(&proxy.kubeconfig(), "noop");
    web.succeed("apply --image acme/web:1");
    web.succeed("apply --image acme/web:2");
    let before = block_on(async { census::settled(&cluster().client().await, "noop").await });
    // The version, the history, the nodes, a GET for each object, the lock: none is asked for twice.
    let commands = [
        ("apply --image acme/web:2", 12),
        ("rollback 2", 11),
        ("status", 11),
        ("history", 2),
        ("diff --image acme/web:2", 11),
    ];
    for (command, most) in commands {
        proxy.clear();
        let started = Instant::now();
        web.succeed(command);
        let (seen, time) = (proxy.seen(), started.elapsed());
        println!("{command}: {} requests, none of them a write, {time:.2?}", seen.len());
        let others: Vec<_> = seen.iter().filter(|seen| seen.method != "GET").collect();
        assert!(others.is_empty(), "{command}: {others:?}");
        assert!(seen.len() <= most, "{command}: {} requests, {most} at most", seen.len());
    }
    let after = objects("noop");
    let changed: Vec<_> =
        after.iter().filter(|item| !before.contains(item)).map(|item| &item.name).collect();
    assert!(after == before, "written to: {changed:?}");
    web.succeed("remove --yes");
    proxy.clear();
    web.succeed("remove --yes");
    assert!(proxy.seen().iter().all(|seen| seen.method == "GET"), "{:?}", proxy.seen());
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn removing_what_is_not_there_says_what_is_so() {
    let remove = |namespace: &str| {
        let web = Deployer::new(&cluster().kubeconfig(), namespace);
        let output = web.run("remove --yes");
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    let of_others = remove("kube-public");
    let sentence = "Nothing of web is there. Namespace kube-public stays: it was made by others.";
    assert!(of_others.contains(sentence), "{of_others}");
    let absent = remove("never-there");
    let sentence = "Nothing of web is there. There is no namespace never-there.";
    assert!(absent.contains(sentence), "{absent}");
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn two_runs_at_one_time_do_not_mix() {
    let proxy = Proxy::start(cluster());
    let slow = Deployer::new(&proxy.kubeconfig(), "two");
    let fast = Deployer::new(&cluster().kubeconfig(), "two");
    slow.succeed("apply --image acme/web:1");
    // Under the lock, in the middle of its writes, it waits for longer than the other needs for all of its own.
    proxy.script(|seen| {
        let applies = seen.is_write() && seen.path.ends_with("/deployments/web");
        applies.then_some(Fault::Delay(Duration::from_secs(4)))
    });
    let first = slow.start("apply --image acme/web:2");
    while proxy.hits() == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = fast.run("apply --image acme/web:3");
    let first = first.wait_with_output().expect("an end");
    assert!(first.status.success(), "{}", said(&first));
    assert!(second.status.success(), "{}", said(&second));
    let waited =
        said(&second).lines().find(|line| line.contains("the lock on web")).map(str::to_owned);
    println!("the second said: {}", waited.expect("it says that it waits, and for whom"));
    let history: Vec<_> =
        fast.history().into_iter().map(|it| (it.revision, it.image, it.status)).collect();
    let expected = [
        (1, "acme/web:1", "superseded"),
        (2, "acme/web:2", "superseded"),
        (3, "acme/web:3", "serving"),
    ];
    let expected =
        expected.map(|(number, image, status)| (number, image.to_owned(), status.to_owned()));
    assert_eq!(history, expected);
    assert!(
        !objects("two").iter().any(|item| item.name.starts_with("leases/")),
        "the lock is given back"
    );
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn who_does_not_wait_is_told_who_deploys() {
    let proxy = Proxy::start(cluster());
    let slow = Deployer::new(&proxy.kubeconfig(), "held");
    proxy.script(|seen| {
        let applies = seen.is_write() && seen.path.ends_with("/deployments/web");
        applies.then_some(Fault::Delay(Duration::from_secs(6)))
    });
    let first = slow.start("apply --image acme/web:1");
    while proxy.hits() == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let second =
        Deployer::new(&cluster().kubeconfig(), "held").run("apply --image acme/web:2 --timeout 2");
    let holder = format!("pid {}", first.id());
    assert_eq!(second.status.code(), Some(1), "{}", said(&second));
    assert!(said(&second).contains(&holder), "{holder} is not in {}", said(&second));
    let first = first.wait_with_output().expect("an end");
    assert!(first.status.success(), "{}", said(&first));
    let history = slow.history();
    assert_eq!((history.len(), history[0].image.as_str()), (1, "acme/web:1"));
}
