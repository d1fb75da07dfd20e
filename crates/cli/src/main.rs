//! The `terracube` command: declare a cube, see what a fill would do, fill it, load from it; stores.

mod args;
mod commands;
mod context;
mod failure;
mod interrupt;
mod listening;
mod map;
mod node;
mod output;
mod page;
mod place;
mod progress;
#[cfg(feature = "otel")]
mod telemetry;
mod timeline;
mod view;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command, CubeCommand, SourceCommand, StoreCommand};
use context::Context;
use failure::{Failure, Outcome};

/// Threads for calls of the file system: bursts of small writes would start hundreds.
const BLOCKING_THREADS: usize = 64;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = match runtime.enable_all().max_blocking_threads(BLOCKING_THREADS).build() {
        Ok(runtime) => runtime,
        Err(cause) => return Failure::from(cause).report(),
    };
    let code = match runtime.block_on(run(cli)) {
        Ok(outcome) => outcome.code(),
        Err(failure) => failure.report(),
    };
    // What is whole is committed; what is still under way is of no use to anybody.
    runtime.shutdown_background();
    code
}

async fn run(cli: Cli) -> Result<Outcome, Failure> {
    let context = Context::new(&cli.global, &cli.command)?;
    let outcome = carry_out(&context, cli.command).await;
    context.end();
    outcome
}

async fn carry_out(context: &Context, command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Cube(command) => match command {
            CubeCommand::Create(args) => commands::cube_create::run(context, args).await,
            CubeCommand::Plan(args) => commands::cube_plan::run(context, args).await,
            CubeCommand::Fill(args) => commands::cube_fill::run(context, args).await,
            CubeCommand::Load(args) => commands::cube_load::run(context, args).await,
            CubeCommand::State(args) => commands::cube_state::run(context, args).await,
            CubeCommand::Info(args) => commands::cube_info::run(context, args).await,
            CubeCommand::Presets(args) => commands::cube_presets::run(args),
        },
        Command::Store(command) => match command {
            StoreCommand::Ls(args) => commands::store_ls::run(args).await,
            StoreCommand::Tree(args) => commands::store_tree::run(args).await,
            StoreCommand::Du(args) => commands::store_du::run(args).await,
            StoreCommand::Get(args) => commands::store_get::run(context, args).await,
            StoreCommand::Put(args) => commands::store_put::run(context, args).await,
            StoreCommand::Cp(args) => commands::store_cp::run(context, args).await,
            StoreCommand::Rm(args) => commands::store_rm::run(context, args).await,
            StoreCommand::Check(args) => commands::store_check::run(context, args).await,
            StoreCommand::Info(args) => commands::store_info::run(args).await,
        },
        Command::Convert(args) => commands::convert::run(context, args).await,
        Command::Grid(args) => commands::grid::run(context, args),
        Command::Source(command) => match command {
            SourceCommand::List(args) => commands::source_list::run(context, args),
            SourceCommand::Search(args) => commands::source_search::run(context, args).await,
        },
    }
}
