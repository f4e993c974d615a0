//! What bounds a run from outside: the kill switch, and the budgets of its target.

use plumb_validator::guard::Bounds;

use crate::budget;
use crate::error::Error;
use crate::kill_switch::KillSwitch;
use crate::select::Selected;

/// The bounds of a run, in force as long as this lives.
#[derive(Debug)]
pub struct InForce {
    /// What the guard asks.
    pub bounds: Bounds,
    /// What watches the sources of the kill switch.
    pub kill_switch: KillSwitch,
}

impl InForce {
    /// Puts the bounds of a target in force.
    ///
    /// # Errors
    /// Where the kill switch cannot be watched.
    pub fn at(selected: &Selected) -> Result<Self, Error> {
        let kill_switch = KillSwitch::watch(&selected.kill_switch)?;
        let meter = budget::meter(&selected.target, selected.daily);
        Ok(Self { bounds: Bounds { brake: kill_switch.brake().clone(), meter }, kill_switch })
    }
}

/// Demands that a case may begin now.
///
/// # Errors
/// What keeps it from beginning, and what to do about it.
pub fn check_may_begin(bounds: &Bounds) -> Result<(), Error> {
    bounds.keep_from_beginning().map_or(Ok(()), |why| Err(Error::KeptBack(why)))
}
