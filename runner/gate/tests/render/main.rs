//! What people and pipelines are told, and that no text of a server's breaks out of it.

mod attacks;
mod github;
mod gitlab;
mod html;
mod junit;
mod markdown;
mod sample;
mod terminal;
