//! Whether a rollout is done, has failed and why; whether the service answers.

mod decide;
mod follow;
mod pods;
mod reach;
mod seen;
