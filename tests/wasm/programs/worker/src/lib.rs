//! A worker in workers-rs: a login that waits in the worker's store, an API call with its tokens, a refresh that outlives its response, and
//! a token of the worker's own for all requests.
//!
//! The client is in a static: it holds no value of JavaScript's. Its futures are made `Send` where a framework asks for it.
//! Refuses an answer to a login that another browser began, and what the client refuses; it says the code.

use std::sync::OnceLock;

use http::{Method, Response, StatusCode, header};
use samtykke::fetch::{Client, TokenSource};
use samtykke::protocol::metadata::Policy;
use samtykke::{AuthorizationRequest, Callback, ClientAuthentication, Request, Tokens, Transaction};
use worker::kv::KvStore;
use worker::{Context, Env, HttpRequest, event};

type Answer = Result<Response<String>, Box<dyn std::error::Error>>;

static CLIENT: OnceLock<(Client, TokenSource)> = OnceLock::new();

async fn client(env: &Env) -> Result<&'static (Client, TokenSource), Box<dyn std::error::Error>> {
    if let Some(known) = CLIENT.get() {
        return Ok(known);
    }
    let var = |name: &str| env.var(name).map(|value| value.to_string());
    let policy = Policy { development: true.into(), ..Policy::default() };
    let client = Client::discover_with(&var("ISSUER")?, "worker", &var("REDIRECT_URI")?, policy).await?;
    let secret = ClientAuthentication::secret_basic(env.secret("CLIENT_SECRET")?.to_string());
    let client = client.authentication(secret).api(&var("API")?);
    Ok(CLIENT.get_or_init(|| (client.clone(), TokenSource::new(&client))))
}

fn cookie(request: &HttpRequest, name: &str) -> Option<String> {
    let cookies = request.headers().get(header::COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|pair| Some(pair.strip_prefix(name)?.strip_prefix('=')?.into()))
}

/// To another page, with a cookie that scripts do not see.
fn away(location: &str, cookie: &str) -> Answer {
    let answer = Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, location);
    Ok(answer.header(header::SET_COOKIE, format!("{cookie}; HttpOnly; SameSite=Lax; Path=/")).body(String::new())?)
}

async fn begin(client: &Client, store: &KvStore) -> Answer {
    let login = client.begin(AuthorizationRequest::new("openid offline_access things")).await?;
    let state = login.transaction.state();
    store.put(&format!("login.{state}"), login.transaction.serialize().expose())?.expiration_ttl(600).execute().await?;
    away(&login.url, &format!("login={state}"))
}

async fn finish(client: &Client, store: &KvStore, request: &HttpRequest) -> Answer {
    let key = format!("login.{}", cookie(request, "login").unwrap_or_default());
    let Some(transaction) = store.get(&key).text().await? else { return told(StatusCode::BAD_REQUEST, "no login was begun") };
    store.delete(&key).await?;
    let tokens = client.finish(Transaction::restore(&transaction)?, Callback::Url(&request.uri().to_string())).await?;
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    let session: String = random.iter().map(|octet| format!("{octet:02x}")).collect();
    keep(store, &session, &tokens).await?;
    away("/", &format!("session={session}"))
}

/// A store that outlives the worker wants it encrypted; the tests' is memory.
async fn keep(store: &KvStore, session: &str, tokens: &Tokens) -> Result<(), Box<dyn std::error::Error>> {
    Ok(store.put(&format!("session.{session}"), tokens.serialize().expose())?.execute().await?)
}

async fn things(client: &Client, tokens: &Tokens, api: &str) -> Answer {
    let request = Request { method: "GET", url: format!("{api}/api/things"), headers: Vec::new(), body: None, repeatable: true };
    let answer = client.send(tokens, request).await?;
    told(StatusCode::from_u16(answer.status)?, answer.body.expose())
}

fn told(status: StatusCode, text: &str) -> Answer {
    Ok(Response::builder().status(status).body(text.into())?)
}

/// A handler as axum in a worker wants it: its future is `Send`, though the host's promises are not.
#[worker::send]
async fn own(client: &Client, source: &TokenSource, api: &str) -> Answer {
    things(client, &source.scope("things").await?, api).await
}

async fn answer(request: HttpRequest, env: Env, context: Context) -> Answer {
    let (client, source) = client(&env).await?;
    let (store, api) = (env.kv("STORE")?, env.var("API")?.to_string());
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/login") => return begin(client, &store).await,
        (&Method::GET, "/callback") => return finish(client, &store, &request).await,
        (&Method::GET, "/own") => return sendable(own(client, source, &api)).await,
        _ => {}
    }
    let session = cookie(&request, "session").unwrap_or_default();
    let Some(tokens) = store.get(&format!("session.{session}")).text().await? else { return told(StatusCode::UNAUTHORIZED, "") };
    let tokens = Tokens::restore(&tokens)?;
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => things(client, &tokens, &api).await,
        (&Method::POST, "/renew") => {
            // What spends a refresh token goes on when the response is out.
            context.wait_until(async move {
                if let Ok(tokens) = client.refresh(&tokens).await {
                    let _ = keep(&store, &session, &tokens).await;
                }
            });
            told(StatusCode::ACCEPTED, "")
        }
        _ => told(StatusCode::NOT_FOUND, ""),
    }
}

fn sendable<F: Future + Send>(future: F) -> F {
    future
}

#[event(fetch)]
async fn main(request: HttpRequest, env: Env, context: Context) -> worker::Result<Response<String>> {
    Ok(answer(request, env, context).await.unwrap_or_else(|error| {
        let code = error.downcast_ref::<samtykke::Error>().map_or("trouble", samtykke::Error::code);
        let mut answer = Response::new(code.to_owned());
        *answer.status_mut() = StatusCode::BAD_GATEWAY;
        answer
    }))
}
