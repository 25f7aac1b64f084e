use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, join_all, select};
use tokio::time::{Instant, sleep};

use super::{client, code, simulate, tags};
use skyward_aws::model::{BucketPart, Vpc};
use skyward_aws::simulated::{Account, Client, Faults, assumptions, assumptions_markdown, rules};
use skyward_aws::*;

fn call() -> CreateVpc {
    CreateVpc { cidr: "10.0.0.0/16".into(), tags: tags("s") }
}

fn look() -> DescribeVpcs {
    DescribeVpcs { select: Select::Stack("s".into()), page: None }
}

fn vpcs(account: &Account) -> usize {
    account.inventory().iter().filter(|item| item.kind == "vpc").count()
}

fn roomy(seed: u64) -> Account {
    let account = Account::new(seed);
    account.configure(|settings| *settings = settings.clone().with_quotas_times(1000));
    account
}

#[test]
fn who_is_killed_before_a_call_has_not_made_it_and_after_has() {
    for (faults, expected) in [
        (Faults { kill_before: Some(2), ..Faults::default() }, 1),
        (Faults { kill_after: Some(2), ..Faults::default() }, 2),
    ] {
        simulate(async {
            let account = Account::new(7);
            let client = account.client().with_faults(faults);
            let run = pin!(async {
                loop {
                    send(&client, call()).await.unwrap();
                }
            });
            let killed = pin!(client.killed());
            let outcome = select(run, killed).await;
            assert!(matches!(outcome, Either::Right(_)));
            assert_eq!(vpcs(&account), expected);
            assert_eq!(client.calls(), 2);
            assert!(client.is_dead());
            client.killed().await;
        });
    }
}

#[test]
fn calls_under_way_when_the_process_dies_happen_or_not() {
    let outcomes: BTreeSet<usize> = (0..20)
        .map(|seed| {
            simulate(async {
                let account = Account::new(seed);
                let faults = Faults { kill_after: Some(1), ..Faults::default() };
                let client = account.client().with_faults(faults);
                {
                    let run = pin!(join_all((0..3).map(|_| send(&client, call()))));
                    let killed = pin!(client.killed());
                    assert!(matches!(select(run, killed).await, Either::Right(_)));
                }
                vpcs(&account)
            })
        })
        .collect();
    assert_eq!(outcomes, BTreeSet::from([1, 2, 3]));
}

#[test]
fn a_lost_answer_is_an_error_of_a_call_that_took_effect() {
    simulate(async {
        let account = Account::new(7);
        let faults = Faults { drop_answer: BTreeSet::from([1]), ..Faults::default() };
        let client = account.client().with_faults(faults);
        let error = send(&client, call()).await.unwrap_err();
        assert_eq!(error.code, ApiError::NO_ANSWER);
        assert_eq!(error.class(), Class::Unknown);
        assert_eq!(vpcs(&account), 1);
        send(&client, call()).await.unwrap();
        assert_eq!(vpcs(&account), 2);
    });
}

#[test]
fn an_internal_error_says_nothing_about_what_happened() {
    simulate(async {
        let account = roomy(8);
        let faults = Faults { internal_error: 1.0, ..Faults::default() };
        let client = account.client().with_faults(faults);
        for _ in 0..20 {
            let error = send(&client, call()).await.unwrap_err();
            assert_eq!(error.class(), Class::Unknown, "{error}");
        }
        assert!((5..=15).contains(&vpcs(&account)), "{}", vpcs(&account));
    });
}

#[test]
fn what_is_denied_names_the_action_and_what_is_expired_says_so() {
    simulate(async {
        let account = Account::new(9);
        let faults = Faults {
            denied: BTreeSet::from([
                Operation::CreateVpc,
                Operation::AddElbTags,
                Operation::GetBucketSetting,
            ]),
            expired_from: Some(4),
            answer: BTreeMap::from([(5, "Unforeseen".into())]),
            ..Faults::default()
        };
        let client = account.client().with_faults(faults);
        let error = send(&client, call()).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.class()), ("UnauthorizedOperation", Class::Denied));
        assert!(
            error.message.contains("perform: ec2:CreateVpc on resource: arn:aws:ec2:"),
            "{error}"
        );
        let add = AddElbTags { resource: "arn:x".into(), tags: tags("s") };
        let error = send(&client, add).await.unwrap_err();
        assert!(error.message.contains("elasticloadbalancing:AddTags"), "{error}");
        let (bucket, part) = ("a".to_owned(), BucketPart::Encryption);
        let error = send(&client, GetBucketSetting { bucket, part }).await.unwrap_err();
        assert_eq!(error.operation.action(), "s3:GetEncryptionConfiguration");
        assert!(error.message.contains("perform: s3:GetEncryptionConfiguration"), "{error}");
        let error = send(&client, look()).await.unwrap_err();
        assert_eq!(error.class(), Class::Credentials);
        assert_eq!(vpcs(&account), 0);
    });
}

#[test]
fn a_new_thing_is_not_seen_by_all_for_a_while_and_then_by_everyone() {
    simulate(async {
        let account = roomy(10);
        let client = account.client();
        let (mut seen, mut known) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..30 {
            let id = send(&client, call()).await.unwrap().id;
            let look = DescribeVpcs { select: Select::Ids(vec![id.clone()]), page: None };
            seen.insert(send(&client, look.clone()).await.unwrap().items.len());
            let attribute = ModifyVpcAttribute {
                vpc: id,
                attribute: skyward_aws::model::VpcAttribute::DnsHostnames,
                value: true,
            };
            known.insert(send(&client, attribute).await.map_err(|error| error.code));
            sleep(Duration::from_secs(3)).await;
            assert_eq!(send(&client, look).await.unwrap().items.len(), 1);
        }
        assert_eq!(seen, BTreeSet::from([0, 1]));
        assert_eq!(known, BTreeSet::from([Ok(()), Err("InvalidVpcID.NotFound".into())]));
    });
}

#[test]
fn what_is_gone_is_still_seen_by_some_for_a_while() {
    simulate(async {
        let account = roomy(11);
        let client = account.client();
        let mut seen = BTreeSet::new();
        for _ in 0..30 {
            let id = account.directly(call()).unwrap().id;
            sleep(Duration::from_secs(3)).await;
            send(&client, DeleteVpc { vpc: id.clone() }).await.unwrap();
            let look = DescribeVpcs { select: Select::Ids(vec![id.clone()]), page: None };
            seen.insert(send(&client, look.clone()).await.unwrap().items.len());
            sleep(Duration::from_secs(3)).await;
            assert_eq!(send(&client, look).await.unwrap().items, []);
            assert_eq!(code(&client, DeleteVpc { vpc: id }).await, "InvalidVpcID.NotFound");
        }
        assert_eq!(seen, BTreeSet::from([0, 1]));
    });
}

#[test]
fn a_long_answer_has_pages() {
    simulate(async {
        let account = roomy(12);
        let client = client(&account);
        for _ in 0..12 {
            send(&client, call()).await.unwrap();
        }
        let first = send(&client, look()).await.unwrap();
        assert_eq!(first.items.len(), 5);
        let ids: BTreeSet<String> =
            all(&client, look()).await.unwrap().into_iter().map(|vpc: Vpc| vpc.id).collect();
        assert_eq!(ids.len(), 12);
        let other = DescribeVpcs { select: Select::Stack("other".into()), page: None };
        assert_eq!(send(&client, other).await.unwrap().items, []);
    });
}

#[test]
fn a_bucket_of_tokens_empties_and_fills_again() {
    simulate(async {
        let account = roomy(13);
        let client = client(&account);
        let burst = async || {
            let answers = join_all((0..100).map(|_| send(&client, call()))).await;
            let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
            for error in bad.into_iter().filter_map(Result::err) {
                assert_eq!(
                    (error.code.as_str(), error.class()),
                    ("RequestLimitExceeded", Class::Throttled)
                );
            }
            good.len()
        };
        // 50 at once, and one or two that fill in meanwhile.
        let first = burst().await;
        assert!((50..=52).contains(&first), "{first}");
        send(&client, look()).await.unwrap();
        sleep(Duration::from_secs(5)).await;
        let later = burst().await;
        assert!((20..=30).contains(&later), "{later}");
    });
}

#[test]
fn calls_are_throttled_on_demand_without_effect() {
    simulate(async {
        let account = Account::new(14);
        let faults = Faults { throttle: 1.0, ..Faults::default() };
        let client = account.client().with_faults(faults);
        assert_eq!(code(&client, call()).await, "RequestLimitExceeded");
        let parameter = GetParameter { name: "x".into() };
        assert_eq!(code(&client, parameter).await, "ThrottlingException");
        assert_eq!(vpcs(&account), 0);
        assert_eq!((account.calls(), account.calls_of(Operation::CreateVpc)), (2, 1));
    });
}

#[test]
fn a_delay_makes_calls_longer() {
    simulate(async {
        let account = Account::new(15);
        let faults = Faults { delay: Duration::from_secs(7), ..Faults::default() };
        let client = account.client().with_faults(faults);
        let begin = Instant::now();
        send(&client, call()).await.unwrap();
        assert!((7..8).contains(&begin.elapsed().as_secs()));
    });
}

/// Everything that two clients at once see of an account.
fn history(seed: u64) -> String {
    simulate(async {
        let account = roomy(seed);
        let faults = Faults { throttle: 0.2, internal_error: 0.1, ..Faults::default() };
        let clients = [account.client().with_faults(faults), account.client()];
        let run = async |client: &Client| {
            let mut text = String::new();
            for _ in 0..20 {
                let answers = (send(client, call()).await, all(client, look()).await);
                writeln!(text, "{answers:?}").unwrap();
            }
            text
        };
        let both = futures_util::future::join(run(&clients[0]), run(&clients[1])).await;
        format!("{both:?}{:?}", account.inventory())
    })
}

#[test]
fn the_same_seed_gives_the_same_history_and_another_one_another() {
    assert_eq!(history(1), history(1));
    assert_ne!(history(1), history(2));
}

#[test]
fn time_that_nobody_waits_for_passes_for_an_account_that_outlives_its_runtime() {
    let account = Account::new(16);
    let id = simulate(async {
        sleep(Duration::from_secs(1000)).await;
        let id = send(&client(&account), call()).await.unwrap().id;
        sleep(Duration::from_secs(1000)).await;
        account.inventory();
        id
    });
    simulate(async {
        let look = DescribeVpcs { select: Select::Ids(vec![id]), page: None };
        assert_eq!(send(&client(&account), look).await.unwrap().items[0].state, "available");
    });
}

#[test]
fn what_is_assumed_is_listed_with_its_source() {
    let text = assumptions_markdown();
    for assumption in assumptions() {
        assert!(assumption.range.0 <= assumption.range.1, "{}", assumption.what);
        assert!(text.contains(&format!("| {} |", assumption.what)));
    }
    for (rule, _) in rules() {
        assert!(text.contains(rule), "{rule}");
    }
    assert!(text.contains("| VPCs | 5 | D |"), "{text}");
    assert!(text.contains("| NAT gateway: pending until available | 85–125 s | L |"), "{text}");
    assert!(text.contains("| EC2: CreateVpcEndpoint | 4 | 0.3 | D |"), "{text}");
}

#[test]
fn a_seed_is_a_sequence_within_its_bounds() {
    let (one, same, other) = (Random::new(7), Random::new(7), Random::new(8));
    let first: Vec<u64> = (0..8).map(|_| one.next()).collect();
    assert_eq!(first, (0..8).map(|_| same.next()).collect::<Vec<_>>());
    assert_ne!(first, (0..8).map(|_| other.next()).collect::<Vec<_>>());
    assert!((0..1000).map(|_| one.unit()).all(|unit| (0.0..1.0).contains(&unit)));
}
