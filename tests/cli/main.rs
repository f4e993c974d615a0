//! The whole product from outside: real processes, what they print, what they write, how they end.

mod support;

mod ask;
mod canary_cron;
mod canary_docs;
mod compare;
mod conform;
mod credentials;
mod deviations;
mod features;
mod generate;
mod hostile;
mod identities;
mod interrupt;
mod kill_switch;
mod learn;
mod output;
mod precedence;
mod probe;
mod refused;
mod refused_config;
mod refused_replay;
mod replay;
mod restart;
mod secrets;
mod self_test;
mod sweep;
mod whole;
mod workflows;
