use futures_util::future::{Either, select};
use std::collections::BTreeSet;
use std::pin::pin;

use super::{simulate, tags};
use crate::api::*;
use crate::simulator::{Account, Faults};

fn call() -> CreateVpc {
    CreateVpc { cidr: "10.0.0.0/16".into(), tags: tags("s") }
}

fn vpcs(account: &Account) -> usize {
    account.inventory().iter().filter(|item| item.kind == "vpc").count()
}

#[test]
fn who_is_killed_before_a_call_has_not_made_it_and_after_has() {
    for (faults, expected) in [
        (Faults { kill_before: Some(2), ..Default::default() }, 1),
        (Faults { kill_after: Some(2), ..Default::default() }, 2),
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
        });
    }
}

#[test]
fn a_lost_answer_is_an_error_of_a_call_that_took_effect() {
    simulate(async {
        let account = Account::new(7);
        let faults = Faults { drop_answer: BTreeSet::from([1]), ..Default::default() };
        let client = account.client().with_faults(faults);
        let error = send(&client, call()).await.unwrap_err();
        assert_eq!(error.code, ApiError::NO_ANSWER);
        assert_eq!(error.class(), Class::Unknown);
        assert_eq!(vpcs(&account), 1);
        send(&client, call()).await.unwrap();
        assert_eq!(vpcs(&account), 2);
    });
}
