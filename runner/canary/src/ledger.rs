//! What began and what ended, on disk before anything follows from it.
