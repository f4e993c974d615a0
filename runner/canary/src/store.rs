//! The days that are over, a file each.
