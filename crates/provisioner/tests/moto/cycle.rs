//! A stack's life.

use std::cell::RefCell;

use skyward_config::Aws;
use skyward_provisioner::event::Event;
use skyward_provisioner::run::{self, Context};

use crate::server::Moto;

const USER_DATA: &str = include_str!("../../../../infra/user-data.sh");

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_stack_is_made_changed_and_deleted() {
    let (moto, sdk) = Moto::client("ap-southeast-3").await;
    let events = RefCell::new(Vec::new());
    let sink = |event: Event| {
        println!("{event:?}");
        events.borrow_mut().push(event);
    };
    let aws = Aws { name: "web".into(), region: "ap-southeast-3".into(), ..Aws::default() };
    let mut context = Context::new(&sdk, &aws, USER_DATA, &sink);
    context.settings.settle = std::time::Duration::ZERO;
    run::apply(&context, |_| true).await.unwrap();
    println!("{} calls", moto.calls());
    let plan = run::plan(&context).await.unwrap();
    println!("{} calls", moto.calls());
    assert!(plan.is_empty(), "{plan:?}");
    run::destroy(&context, |_| true).await.unwrap();
}
