//! `plumb serve`: the model as an HTTP server on loopback.

mod request_log;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use plumb_model::api::Api;
use plumb_model::http::{Headers, Request, Response};
use plumb_model::wire::{Actor, SECOND_ACTOR};
use plumb_validator::clock::{Clock as _, SystemClock};
use plumb_validator::model_server::{Answers, ModelServer, ServerOptions};
use plumb_validator::plugin::{FromEnv, Plugin};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{AnswersArg, LogTo, ServeArgs};
use crate::error::{Error, Exit};
use crate::output;
use crate::select;
use request_log::RequestLog;

/// The longest request body that is read, in bytes.
const BODY_BYTES_MAX: usize = 64 << 20;

/// Carries the command out.
pub(super) fn serve(plugins: &[Plugin], arguments: &ServeArgs) -> Result<Exit, Error> {
    let plugin = select::plugin(plugins, &arguments.api)?;
    let api = (plugin.api)();
    if arguments.list_plants {
        let lines: Vec<String> =
            api.plants.iter().map(|plant| format!("{:<28} {}\n", plant.name, plant.about)).collect();
        output::print(&lines.concat())?;
        return Ok(Exit::Conforms);
    }
    if !arguments.listen.ip().is_loopback() {
        let message = format!("{} is not an address of this machine alone", arguments.listen.ip());
        return Err(Error::usage(message, "the model is a test double; listen on 127.0.0.1:PORT"));
    }
    let plant = match &arguments.plant {
        None => None,
        Some(name) => Some(api.plant(name).cloned().ok_or_else(|| {
            Error::usage(
                format!("there is no plant {name:?}"),
                format!("see plumb serve --api {} --list-plants", api.name),
            )
        })?),
    };
    let options = options(plugin, &api, arguments)?;
    // The server lives as long as the process, and tasks want what they share to live as long.
    let api: &'static Api = Box::leak(Box::new(api));
    let log = log(arguments, api, &options)?;
    let server = Arc::new(Served { model: Mutex::new(ModelServer::new(api, options.clone(), plant)), log });
    let runtime =
        tokio::runtime::Runtime::new().map_err(|error| Error::Internal(format!("start a runtime: {error}")))?;
    runtime.block_on(listen(arguments.listen, api.name, (&options, plugin), server))
}

/// What every connection shares.
struct Served {
    model: Mutex<ModelServer<'static>>,
    log: Option<RequestLog>,
}

/// The file that takes the requests, where one is named.
fn log(arguments: &ServeArgs, api: &'static Api, options: &ServerOptions) -> Result<Option<RequestLog>, Error> {
    let file = arguments.log.iter().find_map(|log| match log {
        LogTo::Requests(path) => Some(path),
        LogTo::Messages(_) => None,
    });
    file.map(|path| RequestLog::open(path, arguments.log_format, api, options)).transpose()
}

fn options(plugin: &Plugin, api: &Api, arguments: &ServeArgs) -> Result<ServerOptions, Error> {
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let found = plugin.actors_from_env.and_then(|read| read(&variable).ok()).unwrap_or_default();
    let built_in = plugin.serve_actors.map(|actors| actors()).unwrap_or_default();
    // What the environment leaves open, the first or the second identity or both, is built in. A profile is for whoever
    // calls: what it has may expire, and a server would have to ask for it again.
    let rest = built_in.iter().skip(found.len()).cloned();
    let known = found.into_iter().enumerate().filter_map(|(index, found)| match found {
        FromEnv::Actor(actor) => Some(actor),
        FromEnv::Profile { .. } => built_in.get(index).cloned(),
    });
    let actors = known.chain(rest).collect();
    let answers = match arguments.answers {
        AnswersArg::Preferred => Answers::Preferred,
        AnswersArg::Any => Answers::Any { seed: arguments.seed },
    };
    let flavour = select::flavour(api, arguments.flavour.as_deref())?;
    Ok(ServerOptions { flavour, region: select::region(plugin, arguments.region.as_deref()), actors, answers })
}

async fn listen(
    address: SocketAddr,
    api: &str,
    (options, plugin): (&ServerOptions, &Plugin),
    server: Arc<Served>,
) -> Result<Exit, Error> {
    let refused = |error: std::io::Error| {
        Error::usage(format!("failed to listen on {address}: {error}"), "is the port in use? port 0 picks a free one")
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    // Before it is announced: whoever reads the address may press Ctrl-C at once, and none may be lost in between.
    let mut interrupts =
        signal(SignalKind::interrupt()).map_err(|error| Error::Internal(format!("listen to signals: {error}")))?;
    announce(api, bound, &options.actors, plugin)?;
    loop {
        tokio::select! {
            _ = interrupts.recv() => return Ok(Exit::Conforms),
            accepted = listener.accept() => {
                let Ok((stream, client)) = accepted else { continue };
                _ = stream.set_nodelay(true);
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(Arc::clone(&server), client.ip(), request));
                    let builder = Builder::new(TokioExecutor::new());
                    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
                        tracing::debug!(%error, "a connection ended");
                    }
                });
            }
        }
    }
}

fn announce(api: &str, bound: SocketAddr, actors: &[Actor], plugin: &Plugin) -> Result<(), Error> {
    output::print(&format!("the model of {api} listens at http://{bound}\n"))?;
    // Only the built-in identities are shown: they are no secret.
    let built_in = plugin.serve_actors.map(|actors| actors()).unwrap_or_default();
    for actor in actors.iter().filter(|actor| built_in.contains(actor)) {
        if actor.name != SECOND_ACTOR {
            output::print(&format!("access key {}, secret key {}\n", actor.id, actor.secret))?;
        } else if let Some(variables) = plugin.variables {
            output::print(&format!("for cases with a second identity, set {}\n", variables(actor)))?;
        }
    }
    Ok(())
}

async fn answer(
    server: Arc<Served>,
    client: IpAddr,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        let mut refused = hyper::Response::new(Full::default());
        *refused.status_mut() = hyper::StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(refused);
    };
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned().into(), Bytes::copy_from_slice(value.as_bytes())));
    let request = Request {
        method: head.method.as_str().to_owned().into(),
        target: head.uri.path_and_query().map_or("/", hyper::http::uri::PathAndQuery::as_str).into(),
        headers: headers.collect::<Headers>(),
        body: body.to_bytes(),
    };
    let now_ms = SystemClock.unix_ms();
    let response = server.model.lock().unwrap_or_else(PoisonError::into_inner).handle(&request, now_ms);
    if let Some(log) = &server.log {
        log.write(client, now_ms, &request, &response);
    }
    Ok(hyper_response(response))
}

fn hyper_response(response: Response) -> hyper::Response<Full<Bytes>> {
    let mut answer = hyper::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        answer = answer.header(name.as_ref(), value.as_ref());
    }
    answer.body(Full::new(response.body)).unwrap_or_else(|error| {
        let mut failed = hyper::Response::new(Full::from(format!("the model made a bad answer: {error}\n")));
        *failed.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        failed
    })
}
