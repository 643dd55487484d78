//! Several users on one machine: whose a session is, and what others may do to it.

mod limits;
mod owner;
