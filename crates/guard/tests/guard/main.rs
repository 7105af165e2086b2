//! The statement guard: what it refuses, what it lets through, and what no text makes it do.

mod attacks;
mod catalog;
mod honest;
mod policies;
mod properties;
mod statements;
