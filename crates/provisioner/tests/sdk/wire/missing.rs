//! What moto cannot answer and every run asks: what an account may order.

/// The versions, which tell operations from those of other services with the same names.
const RDS: &str = "2014-10-31";
pub(super) const AUTO_SCALING: &str = "2011-01-01";

/// A call in the query protocol.
pub(super) struct Asked<'a> {
    head: &'a str,
    body: &'a str,
    pub(super) action: &'a str,
    pub(super) version: &'a str,
}

fn value<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = body.split('&').filter_map(|field| field.split_once('='));
    fields.find(|(field, _)| *field == name).map(|(_, value)| value)
}

impl<'a> Asked<'a> {
    pub(super) fn new(head: &'a str, body: &'a str) -> Option<Self> {
        let (action, version) = (value(body, "Action")?, value(body, "Version")?);
        Some(Self { head, body, action, version })
    }

    /// The value of a parameter, as it is on the wire.
    pub(super) fn value(&self, name: &str) -> Option<&'a str> {
        value(self.body, name)
    }

    /// The region stands in the scope of the signature (Signature Version 4).
    pub(super) fn region(&self) -> Option<String> {
        let scope = self.head.split_once("Credential=")?.1;
        scope.split('/').nth(2).map(str::to_owned)
    }
}

/// The whole answer with this result.
pub(super) fn answered(asked: &Asked<'_>, service: &str, result: &str) -> String {
    let (action, version) = (asked.action, asked.version);
    let body = format!(
        "<{action}Response xmlns=\"http://{service}.amazonaws.com/doc/{version}/\"><{action}Result>{result}</{action}Result></{action}Response>"
    );
    whole("200 OK", &body)
}

/// The whole answer that refuses a call.
pub(super) fn refused(code: &str, message: &str) -> String {
    let error = format!("<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>");
    whole(
        "400 Bad Request",
        &format!("<ErrorResponse><Error>{error}</Error><RequestId>1</RequestId></ErrorResponse>"),
    )
}

fn whole(status: &str, body: &str) -> String {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/xml\r\nconnection: close");
    format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// The whole answer to a request, where moto has none.
pub(super) fn answer(asked: &Asked<'_>) -> Option<String> {
    let (service, result) = match (asked.version, asked.action) {
        (RDS, "DescribeAccountAttributes") => ("rds", quotas()),
        (RDS, "DescribeOrderableDBInstanceOptions") => {
            let options =
                options(asked.value("Engine")?, asked.value("DBInstanceClass")?, &asked.region()?);
            ("rds", options)
        }
        (AUTO_SCALING, "DescribeAccountLimits") => ("autoscaling", limits()),
        _ => return None,
    };
    Some(answered(asked, service, &result))
}

/// As Auto Scaling's documentation of quotas has it.
fn limits() -> String {
    "<MaxNumberOfAutoScalingGroups>500</MaxNumberOfAutoScalingGroups><NumberOfAutoScalingGroups>0</NumberOfAutoScalingGroups>".to_owned()
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
