//! Canaries: the same checks on a clock, with an honest ledger of what became of each.
//!
//! A *canary* at one target is a [`slot::Watch`]. The [`schedule`] says when its slots are due, the [`scheduler`] which
//! of them begin now, and which never will. Each begins in the [`ledger`] before its first call, and ends there exactly
//! once. What a slot does is not known here: somebody hands in a [`work::Work`]. What came of it goes to the [`store`],
//! to the [`slo`], to the [`alert`]s that [`deliver`]y takes to people, to the [`metrics`], and to the pages of [`web`].
//!
//! Nothing here knows of APIs, models or verdicts beyond the words of [`slot`].

pub mod agent;
pub mod alert;
pub mod clock;
pub mod config;
pub mod deliver;
pub mod ledger;
pub mod metrics;
pub mod plan;
pub mod schedule;
pub mod scheduler;
pub mod secret;
pub mod slo;
pub mod slot;
pub mod store;
pub mod view;
pub mod web;
pub mod work;
