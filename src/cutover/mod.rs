//! The decision: lifecycle, preflight, the steps of the flip and its rehearsal. The only room that changes the mode.

pub mod api;
mod marker;
mod steps;
