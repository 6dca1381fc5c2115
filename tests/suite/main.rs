//! The promises of the C ABI, held through the C ABI, over real sockets against the simulator.

#[path = "../../examples/simulator/server.rs"]
mod simulator;

mod bindings;
mod c_programs;
mod cancel;
mod codes;
mod docs;
mod examples;
mod header;
mod host;
mod install;
mod killed_anywhere;
mod layers;
mod not_sent;
mod notify;
mod precreate;
mod qr;
mod read_reply;
mod refund;
mod restart;
mod scenarios;
mod terminal;
