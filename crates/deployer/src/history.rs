//! Revisions: what was deployed when, by whom, with which objects.
