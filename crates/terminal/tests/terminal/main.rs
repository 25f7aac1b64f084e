//! What people and scripts get to see.

mod forms;
mod program;
mod schema;
mod view;
