//! The service on Kubernetes: one program, so that it is linked once and its tests share a control plane.
#![allow(missing_docs, unreachable_pub, reason = "these modules are seen by tests alone")]

mod absence;
mod api;
mod autoscaler;
mod bad_input;
mod canary;
mod chart;
mod crash;
mod doctor;
mod end_to_end;
mod faults;
mod forward;
mod harness;
mod history;
mod jobs;
mod lock;
mod noop;
mod offer;
mod operate;
mod plugin;
mod pure;
mod redirect;
mod render;
mod rollout;
mod support;
mod zero_loss;
