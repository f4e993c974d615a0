//! An API under test, as the framework sees it.

use crate::capability::Capability;
use crate::fault::Precedence;
use crate::model::ErasedModel;
use crate::plant::Plant;
use crate::space::Operation;
use crate::wire::{Resources, Wire};

/// A documented variant of an API.
#[derive(Debug, Clone, Copy)]
pub struct Flavour {
    /// Its name.
    pub name: &'static str,
    /// What it stands for, in one line.
    pub about: &'static str,
}

/// What is under test: operations, model and wire format.
pub struct Api {
    /// Its name, as in `--api`.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// The operations.
    pub operations: Vec<Operation>,
    /// What a target may lack beside whole operations.
    pub capabilities: Vec<Capability>,
    /// The flavours; the first is the default.
    pub flavours: &'static [Flavour],
    /// The executable specification.
    pub model: Box<dyn ErasedModel>,
    /// Between calls and bytes.
    pub wire: Box<dyn Wire>,
    /// How resources are named, made and removed.
    pub resources: Box<dyn Resources>,
    /// Which fault must win over which.
    pub precedence: Precedence,
    /// Bugs that can be planted into a server made from the model.
    pub plants: Vec<Plant>,
    /// Whether its calls are signed, so that a target needs an actor.
    pub signed: bool,
}

impl Api {
    /// The operation called `name`.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }

    /// The flavour called `name`.
    pub fn flavour(&self, name: &str) -> Option<&Flavour> {
        self.flavours.iter().find(|flavour| flavour.name == name)
    }

    /// The plant called `name`.
    pub fn plant(&self, name: &str) -> Option<&Plant> {
        self.plants.iter().find(|plant| plant.name == name)
    }
}
