//! The way of an alert to people, by a queue on disk that holds up nobody.
