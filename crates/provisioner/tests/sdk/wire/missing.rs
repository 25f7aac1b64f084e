//! What moto cannot answer and every run asks: what an account may order, and which instance refreshes there were.

/// The versions, which tell operations from those of other services with the same names.
const RDS: &str = "2014-10-31";
const AUTO_SCALING: &str = "2011-01-01";

/// The whole answer to a request, where moto has none.
pub(super) fn answer(head: &str, body: &str) -> Option<String> {
    let asked = |name: &str| {
        let mut fields = body.split('&').filter_map(|field| field.split_once('='));
        fields.find(|(field, _)| *field == name).map(|(_, value)| value.to_owned())
    };
    let (action, version) = (asked("Action")?, asked("Version")?);
    let (service, result) = match (version.as_str(), action.as_str()) {
        (RDS, "DescribeAccountAttributes") => ("rds", quotas()),
        (RDS, "DescribeOrderableDBInstanceOptions") => {
            ("rds", options(&asked("Engine")?, &asked("DBInstanceClass")?, &region(head)?))
        }
        // None can be started, so there is none.
        (AUTO_SCALING, "DescribeInstanceRefreshes") => {
            ("autoscaling", "<InstanceRefreshes/>".into())
        }
        (AUTO_SCALING, "DescribeAccountLimits") => ("autoscaling", limits()),
        _ => return None,
    };
    let body = format!(
        "<{action}Response xmlns=\"http://{service}.amazonaws.com/doc/{version}/\"><{action}Result>{result}</{action}Result></{action}Response>"
    );
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nconnection: close";
    Some(format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}"))
}

/// As Auto Scaling's documentation of quotas has it.
fn limits() -> String {
    "<MaxNumberOfAutoScalingGroups>500</MaxNumberOfAutoScalingGroups><NumberOfAutoScalingGroups>0</NumberOfAutoScalingGroups>".to_owned()
}

/// The region stands in the scope of the signature (Signature Version 4).
fn region(head: &str) -> Option<String> {
    let scope = head.split_once("Credential=")?.1;
    scope.split('/').nth(2).map(str::to_owned)
}

/// Those of a new account, as RDS's documentation of quotas has them.
fn quotas() -> String {
    let quota = |(name, most): (&str, u32)| {
        format!(
            "<AccountQuota><AccountQuotaName>{name}</AccountQuotaName><Used>0</Used><Max>{most}</Max></AccountQuota>"
        )
    };
    let quotas = [("DBInstances", 40), ("DBClusters", 40), ("DBSubnetGroups", 50)].map(quota);
    format!("<AccountQuotas>{}</AccountQuotas>", quotas.concat())
}

/// A class in each zone, with each kind of storage.
fn options(engine: &str, class: &str, region: &str) -> String {
    let version = if engine == "mysql" { "8.4.6" } else { "17.6" };
    let zones = ["a", "b", "c"].map(|letter| {
        format!("<AvailabilityZone><Name>{region}{letter}</Name></AvailabilityZone>")
    });
    let zones = zones.concat();
    let option = |(storage, iops): (&str, &str)| {
        format!(
            "<OrderableDBInstanceOption><Engine>{engine}</Engine><EngineVersion>{version}</EngineVersion>\
             <DBInstanceClass>{class}</DBInstanceClass><AvailabilityZones>{zones}</AvailabilityZones>\
             <Vpc>true</Vpc><StorageType>{storage}</StorageType><SupportsClusters>true</SupportsClusters>\
             <MinStorageSize>20</MinStorageSize><MaxStorageSize>65536</MaxStorageSize>{iops}\
             </OrderableDBInstanceOption>"
        )
    };
    let iops = "<MinIopsPerDbInstance>1000</MinIopsPerDbInstance><MaxIopsPerDbInstance>256000</MaxIopsPerDbInstance>";
    let options = [("gp3", ""), ("io1", iops)].map(option).concat();
    format!("<OrderableDBInstanceOptions>{options}</OrderableDBInstanceOptions>")
}
