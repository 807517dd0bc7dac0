//! The program: its words go to the command line's room, its exit code comes from there.

use std::process::ExitCode;

fn main() -> ExitCode {
    bascule::cli::main(std::env::args_os())
}
