//! What was promised, and how much of it is left.
