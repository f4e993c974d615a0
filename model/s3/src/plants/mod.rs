//! Bugs to plant into a server made from the model.
use plumb_model::plant::Plant;
pub(crate) fn all() -> Vec<Plant> {
    vec![]
}
