//! Integration tests: one binary, so that all of them share one MySQL and one PostgreSQL. Each test works in a
//! database of its own; a test that stops a server starts its own servers.

#![allow(clippy::print_stdout, reason = "tests print their seeds")]
#![allow(unreachable_pub, reason = "modules of one test binary")]

mod assess;
mod binlog;
mod copy;
mod crash;
mod cursor;
mod ddl;
mod definitions;
mod door;
mod faults;
mod flip;
mod forward;
mod globals;
mod holdings;
mod leaks;
mod load;
mod mariadb;
mod mirror;
mod moments;
mod operations;
mod oracle;
mod pooled;
mod purged;
mod relay;
mod replicate;
mod road;
mod schema;
mod serve;
mod shared_servers;
mod snapshot;
mod temporary;
mod verify;
mod world;
mod xa;
