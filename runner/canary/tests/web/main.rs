//! The pages and the metrics, asked for as browsers and Prometheus do.

mod browser;
mod docs;
mod fixture;
mod html;
mod http;
mod install;
mod metrics;
mod prometheus;
mod rules;
mod site;
