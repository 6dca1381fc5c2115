//! The promises of the C ABI, held through the C ABI, over real sockets against the simulator. This is the contents page.

/// The gateway that every test has one of: the example's server, without its command line.
#[path = "../../examples/simulator/server.rs"]
mod simulator;

// What the tests share.

/// A till in Rust that calls the C ABI as a C program does, and a scratch directory.
mod host;
/// What was not tested and why: said, and written down to be counted.
mod skipped;

// What a till does, against the simulator's tables and stories.

/// Orders that the cashier takes back, and who is faster.
mod cancel;
/// What has not left this machine is known not to have left it.
mod not_sent;
/// The till shows a code, and the customer scans it.
mod precreate;
/// Two calls at the same time: a promise holds whichever comes first.
mod races;
/// Money goes back once for each number.
mod refund;
/// What a stop or a crash leaves over for the next start.
mod restart;
/// Every barcode of the simulator's table ends in the right verdict, however the till listens.
mod scenarios;
/// Activation, check-in, the keys, and calls of the host's own making.
mod terminal;

// What needs no client.

/// The tables of codes against the lists in `tests/data/codes`.
mod codes;
/// Notifications: whose signature counts, and what one says.
mod notify;
/// QR pictures, read again by another program.
mod qr;
/// A reply that the host has got by itself, read by the library's rules.
mod read_reply;

// Programs in other languages.

/// Each language keeps the promises of `bindings/tests.txt`, has the header's numbers, and does what its page says.
mod bindings;
/// The programs of `tests/c`, each of which keeps the library to one promise of the header.
mod c_programs;
/// A till that is killed at each step towards the disk or the wire, or whose disk is full from there on.
mod killed_anywhere;

// What is shipped.

/// The pages in `docs`: their programs work as printed, and both languages have the same code.
mod docs;
/// The examples in C and C++ work as the README says, and are short.
mod examples;
/// The header compiles everywhere and declares what the library exports.
mod header;
/// `install.sh`, and how pkg-config and CMake find what it installs.
mod install;
/// The sources: which room may use which, and where `unsafe` stands.
mod layers;
