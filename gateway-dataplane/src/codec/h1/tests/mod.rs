//! The codec against hyper's, and against bytes that nobody would send in good faith.

mod fuzz;
mod generate;
mod messages;
mod oracle;
