//! One deployment at a time: a Lease with holder and expiry.
