//! The pages, and what other programs ask for.
