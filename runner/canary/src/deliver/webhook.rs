//! A receiver that is sent a body.

use futures::future::BoxFuture;

use crate::alert::Alert;

use super::http::Post;
use super::{Road, Template, TryError};

/// An HTTP POST of a template, or of the alert as JSON.
pub(super) struct Webhook {
    pub(super) post: Post,
    pub(super) template: Option<Template>,
}

impl Road for Webhook {
    fn tell<'a>(&'a self, alert: &'a Alert) -> BoxFuture<'a, Result<(), TryError>> {
        Box::pin(async move {
            let body = match &self.template {
                Some(template) => template.fill(alert).into_bytes(),
                None => serde_json::to_vec(alert).map_err(|error| TryError::Refused(error.to_string()))?,
            };
            self.post.send("", body).await
        })
    }
}
