//! One module per command.

mod accept;
mod ask;
mod canary;
mod compare;
mod conform;
mod demo;
mod gate;
mod generate;
mod kill;
mod learn;
mod ledger;
mod plan;
mod probe;
mod replay;
mod serve;
mod sweep;
mod test;

use clap::CommandFactory as _;
use plumb_validator::plugin::Plugin;

use crate::cli::{Cli, Command};
use crate::error::{Error, Exit};

/// Carries a command out.
pub fn dispatch(plugins: &[Plugin], command: Command) -> Result<Exit, Error> {
    match command {
        Command::Demo(arguments) => demo::demo(plugins, &arguments),
        Command::Conform(arguments) => conform::conform(plugins, &arguments),
        Command::Test(arguments) => test::test(plugins, &arguments),
        Command::Canary(arguments) => canary::canary(plugins, &arguments),
        Command::Ledger(arguments) => ledger::ledger(&arguments),
        Command::Gate(arguments) => gate::gate(plugins, &arguments),
        Command::Compare(arguments) => compare::compare(plugins, &arguments),
        Command::Probe(arguments) => probe::probe(plugins, &arguments),
        Command::Generate(arguments) => generate::generate(plugins, &arguments),
        Command::Replay(arguments) => replay::replay(plugins, &arguments),
        Command::Serve(arguments) => serve::serve(plugins, &arguments),
        Command::Ask(arguments) => ask::ask(plugins, &arguments),
        Command::Learn(arguments) => learn::learn(plugins, &arguments),
        Command::Kill(arguments) => kill::kill(&arguments),
        Command::Sweep(arguments) => sweep::sweep(plugins, &arguments),
        Command::Accept(arguments) => accept::accept(&arguments),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "plumb", &mut text);
            crate::output::print(&String::from_utf8_lossy(&text))?;
            Ok(Exit::Conforms)
        }
    }
}
