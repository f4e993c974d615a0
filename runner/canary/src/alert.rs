//! Which of what is seen somebody must be told, and when it is over.
