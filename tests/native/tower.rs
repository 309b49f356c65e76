//! A tower service as the client that sends: one that must be ready first, around reqwest.

use std::task::{Context, Poll};

use samtykke::native::bytes::Bytes;
use samtykke::native::testing::conformance;
use samtykke::native::{Body, BoxFuture, Http, Reqwest, Tower, TransportError, http};
use tower_service::Service;

use super::support::run;

/// Is ready at the second time of asking, and panics where nobody asked.
#[derive(Clone)]
struct Stack {
    http: Reqwest,
    asked: u32,
}

impl Service<http::Request<Bytes>> for Stack {
    type Response = http::Response<Body>;
    type Error = TransportError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.asked += 1;
        if self.asked > 1 {
            return Poll::Ready(Ok(()));
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
        assert_eq!(self.asked, 2);
        let http = self.http.clone();
        Box::pin(async move { http.send(request).await })
    }
}

#[test]
fn a_service_keeps_to_what_an_adapter_must_do() {
    run(async {
        let http = Reqwest::with(|builder| builder.no_proxy()).unwrap();
        conformance(&Tower::new(Stack { http, asked: 0 })).await.unwrap();
    });
}
