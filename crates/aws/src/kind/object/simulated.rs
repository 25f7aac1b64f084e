//! Objects of which only the checksum is kept: what is in them is nobody's matter here but the instances', which check it.

use crate::kind::simulated::prelude::*;

impl World {
    /// S3 answers 412 where there is an object of the key and none may be.
    pub(crate) fn put_object(&mut self, call: PutObject) -> Answer<()> {
        let is_there = self.bucket(&call.bucket)?.content(&call.key).is_some();
        if call.is_new && is_there {
            let message = "At least one of the pre-conditions you specified did not hold";
            return refuse("PreconditionFailed", message);
        }
        let size = i64::try_from(call.content.bytes().len()).unwrap_or(i64::MAX);
        let head = ObjectHead { size, sha256: Some(call.content.sha256().to_owned()) };
        self.place_object(&call.bucket, &call.key, Some(head));
        Ok(())
    }

    pub(crate) fn head_object(&mut self, call: HeadObject) -> Answer<ObjectHead> {
        match self.bucket(&call.bucket)?.content(&call.key) {
            Some(head) => Ok(head.clone()),
            None => refuse("NotFound", "Not Found"),
        }
    }
}
