//! The way of alerts to real receivers, on loopback.

mod alertmanager;
mod command;
mod heartbeat;
mod queue;
mod scene;
mod template;
mod webhook;
