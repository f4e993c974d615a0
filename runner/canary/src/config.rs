//! What `plumb.toml` says of canaries, as it is written there.
