//! The zoo: classic networks, written to be copied.
