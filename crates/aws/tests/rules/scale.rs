use super::{simulate, tags};
use skyward_aws::simulated::Account;
use skyward_aws::*;

#[test]
fn a_thousand_stacks_are_found_each_by_itself() {
    simulate(async {
        let account = Account::new(1);
        account.configure(|settings| *settings = settings.clone().with_quotas_times(1000));
        for number in 0..1000 {
            let tags = tags(&number.to_string());
            let call = CreateVpc { cidr: "10.0.0.0/16".into(), tags: tags.clone() };
            let vpc = account.directly(call).unwrap().id;
            for part in 0..6 {
                let call = CreateSubnet {
                    vpc: vpc.clone(),
                    cidr: format!("10.0.{}.0/24", part * 16),
                    zone: "eu-central-1a".into(),
                    tags: tags.clone(),
                };
                account.directly(call).unwrap();
            }
        }
        let select = Select::Stack("777".into());
        let subnets = account.directly(DescribeSubnets { select, page: None }).unwrap();
        assert_eq!(subnets.items.len(), 5);
        assert!(subnets.next.is_some());
        assert_eq!(account.inventory().len(), 1000 * (1 + 6 + 2));
    });
}
