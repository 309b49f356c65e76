//! norskgjeld's APIs: requests, answers in every documented shape, errors, and the feed's cursor.

use std::time::{Duration, Instant};

use samtykke::error::Action;
use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::provider::norskgjeld::{self, Agreement, Api, Environment, FeedCall, Purpose, Revoked};
use samtykke::{Request, Response, Secret, Step};

const ID: &str = "3649911c-a58a-4b76-9794-edd8c692e84f";

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.iter().find(|(known, _)| *known == name).unwrap().1.expose()
}

fn answer(status: u16, body: &str) -> Response {
    Response::new(status, Some("application/json"), body)
}

#[test]
fn api_errors() {
    let (environment, token) = (Environment::preprod(), Secret::new("x.y"));
    let api = Api::new(&environment, &token);
    for (status, body, code, action, trace) in [
        (403, r#"{"error":"no valid consent","timestamp":"t","trace_id":"t-1"}"#, "consent_inactive", Action::Restart, Some("t-1")),
        (
            403,
            r#"{"error":"invalid consent","error_description":"Consent expired at 2021-02-26T09:31:07.265053Z"}"#,
            "consent_inactive",
            Action::Restart,
            None,
        ),
        (403, r#"{"error":"Invalid access token","error_description":"Access token is expired"}"#, "token_invalid", Action::Restart, None),
        (403, r#"{"error":"forbidden"}"#, "unauthorized", Action::FixConfiguration, None),
        (401, "", "token_invalid", Action::Restart, None),
        (
            400,
            r#"{"status":400,"error":"Bad Request","message":"m","requestId":"r-1"}"#,
            "api_error",
            Action::FixConfiguration,
            Some("r-1"),
        ),
        (404, "<html>", "api_error", Action::FixConfiguration, None),
        (409, r#"{"status":409,"error":"Conflict","requestId":"r-2"}"#, "conflict", Action::FixConfiguration, Some("r-2")),
        (500, r#"{"error":"server error","trace_id":"t-2"}"#, "api_error", Action::TryLater, Some("t-2")),
        (302, "", "redirect_refused", Action::FixConfiguration, None),
        (200, "[]", "api_response_malformed", Action::TryLater, None),
        (200, r#"{"loans":{}}"#, "api_response_malformed", Action::TryLater, None),
    ] {
        let error = api.debt().finish(&answer(status, body)).unwrap_err();
        assert_eq!((error.code(), error.action(), error.trace_id()), (code, action, trace), "{status} {body}");
        assert_eq!(error.status(), Some(status));
        assert!(!error.retryable(), "a lookup may have spent the consent");
        let repeatable = api.status(ID).unwrap().finish(&answer(status, body)).err().is_some_and(|error| error.retryable());
        assert_eq!(repeatable, status == 500);
    }
    assert!(api.status(ID).unwrap().finish(&answer(429, "")).unwrap_err().retryable());
    let large = answer(200, &format!(r#"{{"x":"{}"}}"#, "A".repeat(1 << 20)));
    assert_eq!(api.debt().finish(&large).unwrap_err().code(), "api_response_malformed");
}

#[test]
fn debt_and_status() {
    let (environment, token) = (Environment::preprod(), Secret::new("x.y"));
    let api = Api::new(&environment, &token).trace_id("trace-1");
    let debt = r#"{"ssn":"14842249091","loans":[{"creditorName":"EXAMPLE LENDER","loan":{"type":"chargeCard","timestamp":"2022-11-03T00:00:00Z","coBorrower":2,"interestBearingBalance":6069400,"nonInterestBearingBalance":641000}},{"creditorName":"SILENT","loan":null}],"numberOfCreditorsAnswered":1,"numberOfcreditorsMissing":1,"consent":{"exp":1785312537,"id":"3649911c-a58a-4b76-9794-edd8c692e84f","scope":"debt.unsecured.presentation"}}"#;
    let call = api.debt_by_id(ID).unwrap();
    assert_eq!(call.request.url, format!("https://api-preprod.norskgjeld.no/v1/debt/{ID}"));
    assert_eq!((header(&call.request, "authorization"), header(&call.request, "x-trace-id")), ("Bearer x.y", "trace-1"));
    assert!(!call.request.repeatable);
    let found = call.finish(&answer(200, debt)).unwrap();
    assert_eq!(
        (found.ssn.as_ref().unwrap().expose(), found.creditors_answered, found.creditors_missing),
        ("14842249091", Some(1), Some(1))
    );
    let loan = found.loans[0].loan.as_ref().unwrap();
    assert_eq!(
        (loan.kind.as_deref(), loan.co_borrower, loan.interest_bearing_balance, loan.non_interest_bearing_balance),
        (Some("chargeCard"), Some(2), Some(6_069_400), Some(641_000))
    );
    assert_eq!((found.loans[1].creditor_name.as_deref(), &found.loans[1].loan), (Some("SILENT"), &None));
    let consent = found.consent.unwrap();
    assert_eq!(
        (&*consent.id, consent.expires_at, consent.scope.as_deref()),
        (ID, Some(1_785_312_537), Some("debt.unsecured.presentation"))
    );

    let status = api.status(ID).unwrap();
    assert_eq!(status.request.url, format!("https://api-preprod.norskgjeld.no/v1/debt/{ID}/status"));
    for (body, active, expires) in [
        (r#"{"active":true,"expires_at":1785312537}"#, true, Some(1_785_312_537)),
        (r#"{"active":"false","expires_at":"2026-07-29T08:08:57Z"}"#, false, Some(1_785_312_537)),
        (r#"{"active":"true"}"#, true, None),
    ] {
        let found = status.finish(&answer(200, body)).unwrap();
        assert_eq!((found.active, found.expires_at), (active, expires), "{body}");
    }
    assert_eq!(status.finish(&answer(200, r#"{"active":1}"#)).unwrap_err().code(), "api_response_malformed");
    for odd in ["", "a/b", "..", "a?b", "é", &"a".repeat(65)] {
        assert_eq!(api.status(odd).unwrap_err().code(), "invalid_parameter", "{odd}");
    }
    assert!(api.trace_id("a\r\nb").debt().request.headers.iter().all(|(name, _)| *name != "x-trace-id"));
}

#[test]
fn revocation_and_agreement() {
    let (environment, token) = (Environment::production(), Secret::new("x.y"));
    let api = Api::new(&environment, &token);
    let revoke = api.revoke(ID).unwrap();
    assert_eq!((revoke.request.method, revoke.request.repeatable), ("DELETE", true));
    assert_eq!(revoke.finish(&answer(204, "")).unwrap(), Revoked::Withdrawn);
    assert_eq!(revoke.finish(&answer(403, r#"{"error":"invalid consent"}"#)).unwrap(), Revoked::AlreadyInactive);
    assert_eq!(revoke.finish(&answer(403, r#"{"error":"invalid access token"}"#)).unwrap_err().code(), "token_invalid");
    assert_eq!(revoke.finish(&answer(200, "{}")).unwrap_err().code(), "api_error");

    let agreement =
        Agreement { nin: Secret::new("14842249091"), purpose: Purpose::Processing, days: 28, client_consent_id: "c \"1\"".into() };
    let call = api.register(&agreement).unwrap();
    assert_eq!((call.request.method, &*call.request.url), ("PUT", "https://api.norskgjeld.no/v1/consent/agreement"));
    let body =
        r#"{"nin":"14842249091","scope_of_consent":"debt.unsecured.processing","consent_duration_days":28,"client_consent_id":"c \"1\""}"#;
    assert_eq!(call.request.body.as_ref().unwrap().expose(), body);
    let found = call
        .finish(&answer(
            200,
            r#"{"client_consent_id":"c","consent":{"id":"i","expires_at":"1970-01-01T00:01:00Z","scope_of_consent":"s"}}"#,
        ))
        .unwrap();
    assert_eq!((&*found.client_consent_id, &*found.id, found.expires_at, found.scope.as_deref()), ("c", "i", Some(60), Some("s")));
    for odd in [
        Agreement { nin: Secret::new("1484224909"), ..agreement.clone() },
        Agreement { nin: Secret::new("1484224909x"), ..agreement.clone() },
        Agreement { days: 0, ..agreement.clone() },
        Agreement { days: 29, ..agreement.clone() },
        Agreement { client_consent_id: String::new(), ..agreement.clone() },
        Agreement { client_consent_id: "a\nb".into(), ..agreement.clone() },
        Agreement { client_consent_id: "a".repeat(256), ..agreement.clone() },
    ] {
        assert_eq!(api.register(&odd).unwrap_err().code(), "invalid_parameter");
    }
}

fn event(number: u64) -> String {
    format!(
        r#"{{"sequenceNr":{number},"eventId":"e{number}","consentId":"outer","timestamp":"2024-01-01T00:00:00Z","eventType":"SAMTYKKE_OPPRETTET","samtykkeOpprettetEvent":{{"clientId":"k","consentId":"inner","scope":"debt.unsecured.presentation","externalConsentId":"x"}},"samtykkeArkivertEvent":null}}"#
    )
}

/// A feed that keeps `numbers`, from `first` on, and answers pages of `limit` events.
fn read(cursor: u64, limit: u32, first: u64, numbers: &[u64]) -> norskgjeld::Batch {
    let (environment, token) = (Environment::preprod(), Secret::new("x.y"));
    let api = Api::new(&environment, &token);
    follow(&api, FeedCall::new(&api, cursor, limit), &mut |request| {
        let last = numbers.last().copied().unwrap_or(0);
        let body = match request.url.strip_prefix("https://api-preprod.norskgjeld.no/feed/v1/consent").unwrap() {
            "/firstSequenceNr" => format!(r#"{{"firstSequenceNr":{first}}}"#),
            "/lastSequenceNr" => format!(r#"{{"lastSequenceNr":{last}}}"#),
            query => {
                let (from, size) = query.strip_prefix("?fromSequenceNr=").unwrap().split_once("&limit=").unwrap();
                let (from, size): (u64, usize) = (from.parse().unwrap(), size.parse().unwrap());
                let page: Vec<String> = numbers.iter().filter(|number| **number >= from).take(size).map(|number| event(*number)).collect();
                format!(r#"{{"startSequenceNr":1,"endSequenceNr":999,"result":[{}]}}"#, page.join(","))
            }
        };
        answer(200, &body)
    })
    .0
}

/// Reads page after page to the end; answers the batch, how many pages there were, and how long the machines took.
fn follow(api: &Api<'_>, first: FeedCall, http: &mut dyn FnMut(&Request) -> Response) -> (norskgjeld::Batch, u64, Duration) {
    let (mut call, mut whole, mut spent) = (first, None::<norskgjeld::Batch>, Duration::ZERO);
    for pages in 1..=100 {
        let mut input = Input::Start;
        let page = loop {
            let start = Instant::now();
            let step = call.advance(input, &Moment { now: 0, random: &[7; 32] }).unwrap();
            spent += start.elapsed();
            input = match step {
                Step::Send(request) => {
                    assert_eq!(header(&request, "authorization"), "Bearer x.y");
                    assert_eq!(header(&request, "x-trace-id"), "BwcHBwcHBwcHBwcHBwcHBw");
                    Input::Response(http(&request))
                }
                Step::Done(page) => break page,
                _ => panic!("no other step"),
            };
        };
        match &mut whole {
            Some(batch) => batch.extend(page.batch),
            None => whole = Some(page.batch),
        }
        let Some(next) = page.next else { return (whole.unwrap(), pages, spent) };
        let start = Instant::now();
        call = FeedCall::resume(api, &next).unwrap();
        spent += start.elapsed();
    }
    panic!("the reader does not end");
}

#[test]
fn feed_cursor_is_the_highest_number_seen() {
    for limit in [1, 2, 500] {
        let batch = read(6, limit, 1, &[7, 8, 13]);
        let numbers: Vec<u64> = batch.events.iter().map(|event| event.sequence_number).collect();
        assert_eq!((numbers, batch.cursor, batch.lost), (vec![7, 8, 13], 13, false), "limit {limit}");
    }
    let batch = read(0, 500, 7, &[7, 8, 13]);
    assert_eq!((batch.events.len(), batch.cursor, batch.lost), (3, 13, false));
    let event = &batch.events[0];
    assert_eq!((&*event.consent_id, event.client_id.as_deref(), event.external_consent_id.as_deref()), ("outer", Some("k"), Some("x")));
    assert_eq!((&event.event_type, event.scope.as_deref()), (&norskgjeld::EventType::Created, Some("debt.unsecured.presentation")));
    assert!(read(5, 500, 7, &[7]).lost, "number 6 is gone");
    assert!(!read(6, 500, 7, &[7]).lost);
    let batch = read(13, 500, 7, &[7, 8, 13]);
    assert_eq!((batch.events.len(), batch.cursor), (0, 13));
}

/// Reads a feed that goes on for ever, in pages of 500 whose ids `id` names; answers batch, pages and time.
fn read_endless(id: impl Fn(u64) -> String) -> (norskgjeld::Batch, u64, Duration) {
    let (environment, token) = (Environment::preprod(), Secret::new("x.y"));
    let api = Api::new(&environment, &token);
    let mut page = 0;
    follow(&api, FeedCall::new(&api, 0, 500), &mut |request| {
        if request.url.ends_with("/firstSequenceNr") {
            return answer(200, r#"{"firstSequenceNr":1}"#);
        }
        if request.url.ends_with("/lastSequenceNr") {
            return answer(200, r#"{"lastSequenceNr":9007199254740991}"#);
        }
        let events: Vec<String> = (1..=500)
            .map(|at| event(page * 500 + at).replace(&format!("\"e{}\"", page * 500 + at), &format!("\"{}\"", id(page * 500 + at))))
            .collect();
        page += 1;
        answer(200, &format!(r#"{{"result":[{}]}}"#, events.join(",")))
    })
}

#[test]
fn an_endless_feed_ends_in_a_full_batch_even_when_each_event_is_the_same() {
    let (batch, pages, _) = read_endless(|number| format!("e{number}"));
    assert_eq!((batch.events.len(), batch.cursor, pages), (10_000, 10_000, 20));
    let (batch, pages, _) = read_endless(|_| "same".into());
    assert_eq!((batch.events.len(), batch.cursor, pages), (1, 10_000, 20));
}

#[test]
fn an_event_known_already_costs_no_look_at_all_the_others() {
    // Ids of one length and beginning, as uuids are; the same page is read either way, so only the looking differs.
    let cost = |id: fn(u64) -> String| (0..3).map(|_| read_endless(id).2).min().unwrap();
    let (many, few) =
        (cost(|number| format!("3649911c-a58a-4b76-9794-{number:012}")), cost(|_| format!("3649911c-a58a-4b76-9794-{:012}", 1)));
    assert!(many < few * 4, "10,000 ids took {many:?}, one took {few:?}");
}
