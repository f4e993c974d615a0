//! Pools against the model's own server: nobody meets what another has, and nothing stays.

mod crowd;
mod lab;
mod leases;
mod standing;
