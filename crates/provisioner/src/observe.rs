//! The resources of a stack in an account: found by its tag and its names, with a number of calls that does not grow with it.

use futures_util::future::join_all;

use crate::caller::{CallError, Caller};
pub use crate::resource::{Foreign, Found, Observed, Readiness};
use crate::resource::{Kind, Observation, Reader};
use crate::stack::Names;

/// Finds what exists of a stack's resources of these kinds.
///
/// # Errors
/// Every call that was not answered.
pub async fn observe(
    kinds: &[Kind],
    caller: &Caller<'_>,
    names: &Names,
) -> Result<Observed, Vec<CallError>> {
    let reader = Reader::new(caller, names);
    let finders = join_all(kinds.iter().map(|kind| (kind.functions().read)(&reader))).await;
    let errors = reader.take_errors();
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut observation = Observation::new(names);
    // The first time tells the ids of all, so that the second knows what each refers to, in whichever order they come.
    for _ in 0..2 {
        observation.again();
        for find in &finders {
            find(&mut observation);
        }
    }
    let mut observed = observation.observed;
    observed.foreign.sort();
    Ok(observed)
}
