//! helpers of tests
