//! Which slots begin now, and which never will.
