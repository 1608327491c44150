//! Every algorithm against a plain one, on random graphs.

mod algorithms;
mod layout;
