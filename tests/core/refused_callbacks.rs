//! The answer at the redirect URI: one test for each refusal, named after its number in the project's checklist.
//! Deleting the check fails the test.

use crate::by_hand::by_hand;
use crate::flow::*;
use samtykke::protocol::authorization::transaction::ResponseMode;
use samtykke::{
    AuthorizationCode, AuthorizationRequest, Callback, ClientAuthentication, Exchange, Profile, Registration, Step, Transaction,
};

#[test]
fn n029_each_response_parameter_once() {
    for name in
        ["code", "state", "iss", "error", "error_description", "error_uri", "scope", "response", "access_token", "id_token", "token"]
    {
        for pair in
            [format!("{name}=a&{name}=a"), format!("{name}&{name}=a"), format!("%{:02x}{}=a&{name}=a", name.as_bytes()[0], &name[1..])]
        {
            refused(finish(&format!("{REDIRECT_URI}?{pair}")), "callback_duplicate_parameter");
        }
    }
}

#[test]
fn n030_unknown_parameters_and_other_cases_are_ignored() {
    assert!(finish(&format!("{REDIRECT_URI}?code=a&state=STATE&x=1&x=2&session_state=3&Code=b&STATES=c&%zz=1")).is_ok());
    refused(finish(&format!("{REDIRECT_URI}?Code=a&state=STATE")), "code_missing");
}

#[test]
fn n031_state_equal_to_the_stored_one() {
    refused(finish(&format!("{REDIRECT_URI}?code=a")), "state_missing");
    refused(finish(&format!("{REDIRECT_URI}?code=a&state=")), "state_missing");
    for odd in ["STATEx", "xSTATE", "x", "STATE%20", "%00STATE"] {
        refused(finish(&format!("{REDIRECT_URI}?code=a&state={odd}")), "state_mismatch");
    }
    let state = begin(read()).unwrap().transaction.state().to_owned();
    for odd in [state.to_lowercase(), state[..42].into(), state[1..].into(), format!("{}A", &state[..42])] {
        refused(finish(&format!("{REDIRECT_URI}?code=a&state={odd}")), "state_mismatch");
    }
    // An error of the server is not believed either.
    refused(finish(&format!("{REDIRECT_URI}?error=access_denied&state=x")), "state_mismatch");
}

#[test]
fn n032_a_transaction_expires_and_is_used_once() {
    let at = |lifetime: Option<u32>, now: u64| {
        let request = lifetime.map_or(read(), |seconds| read().lifetime(seconds));
        let transaction = client().begin(request, &random(), NOW).unwrap().transaction;
        let answer = format!("{REDIRECT_URI}?code=a&state={}", transaction.state());
        transaction.finish(&client(), Callback::Url(&answer), now)
    };
    assert!(at(None, NOW + 3600).is_ok());
    refused(at(None, NOW + 3601), "transaction_expired");
    assert!(at(Some(60), NOW + 60).is_ok());
    refused(at(Some(60), NOW + 61), "transaction_expired");
    assert!(at(None, NOW - 300).is_ok(), "clocks differ a little");
    refused(at(None, NOW - 301), "transaction_expired");
    // `finish` takes the transaction by value: a second use does not compile (see `Transaction`); an emptied store gives nothing.
    refused(Transaction::restore(""), "transaction_missing");
}

#[test]
fn n032_a_damaged_transaction() {
    let login = begin(AuthorizationRequest::new("read openid")).unwrap();
    let stored = login.transaction.serialize();
    let text = stored.expose().strip_prefix("1 ").unwrap(); // the package's own has no version
    assert_eq!(Transaction::restore(text).unwrap().serialize(), login.transaction.serialize());
    let fields: Vec<&str> = text.split(' ').collect();
    let replaced = |at: usize, value: &str| {
        let mut fields = fields.clone();
        fields[at] = value;
        fields.join(" ")
    };
    for odd in [
        "x".into(),
        " ".into(),
        replaced(0, ""),
        replaced(4, ""),
        replaced(5, "short"),
        replaced(5, &"a".repeat(129)),
        replaced(6, ""),
        replaced(6, "now"),
        replaced(6, "-1"),
        replaced(7, ""),
        replaced(7, "1x"),
        replaced(8, ""),
        replaced(8, "jwt.query"),
        replaced(10, "profile"),
    ] {
        assert!(Transaction::restore(&odd).is_err_and(|error| error.code() == "transaction_malformed"), "{odd}");
    }
    let plain = begin(read()).unwrap();
    let with_nonce = plain.transaction.serialize().expose()["1 ".len()..].replacen("  ", " nonce-nonce-nonce ", 1);
    refused(Transaction::restore(&with_nonce), "transaction_malformed");
    // Cut anywhere, it is refused or (cut within the last field, the scope) still bound to the same flow.
    for end in 1..text.len() - "read openid".len() {
        assert!(Transaction::restore(&text[..end]).is_err(), "{end}");
    }
}

#[test]
fn n032_a_lifetime_no_client_can_begin_with() {
    let text = begin(read()).unwrap().transaction.serialize().expose()["1 ".len()..].to_owned();
    assert!(Transaction::restore(&text.replacen(" 3600 ", " 4294967295 ", 1)).is_ok());
    refused(Transaction::restore(&text.replacen(" 3600 ", " 4294967296 ", 1)), "transaction_malformed");
}

#[test]
fn n033_issuer_in_the_answer() {
    let announced = || {
        let mut profile = profile();
        profile.iss_parameter = true;
        Registration::new(profile, "client-1", REDIRECT_URI).unwrap()
    };
    let iss = "iss=https%3A%2F%2Fop.example";
    for client in [client(), announced()] {
        assert!(finish_as(&client, read(), &format!("{REDIRECT_URI}?code=a&state=STATE&{iss}")).is_ok());
        for odd in [
            "iss=",
            "iss",
            "iss=https%3A%2F%2Fop.example1",
            "iss=https%3A%2F%2Fop.example%2F",
            "iss=https%3A%2F%2FOP.example",
            "iss=HTTPS%3A%2F%2Fop.example",
        ] {
            for what in ["code=a", "error=access_denied"] {
                refused(finish_as(&client, read(), &format!("{REDIRECT_URI}?{what}&state=STATE&{odd}")), "issuer_mismatch");
            }
        }
    }
    for what in ["code=a", "error=access_denied"] {
        refused(finish_as(&announced(), read(), &format!("{REDIRECT_URI}?{what}&state=STATE")), "issuer_missing");
    }
}

#[test]
fn n034_issuer_not_announced_may_be_absent_but_not_wrong() {
    assert!(finish(&format!("{REDIRECT_URI}?code=a&state=STATE")).is_ok());
    let error = refused(finish(&format!("{REDIRECT_URI}?code=a&state=STATE&iss=https%3A%2F%2Fattacker.example")), "issuer_mismatch");
    assert_eq!((error.expected_value(), error.actual_value()), (Some(ISSUER), Some("https://attacker.example")));
}

/// Clients that differ from `client()` in one thing each.
fn others() -> [Registration; 3] {
    let other = Profile::new("https://other.example", "https://op.example/authorize", "https://op.example/token");
    [
        Registration::new(other, "client-1", REDIRECT_URI).unwrap(),
        Registration::new(profile(), "client-2", REDIRECT_URI).unwrap(),
        Registration::new(profile(), "client-1", "https://rp.example/cb2").unwrap(),
    ]
}

#[test]
fn n035_a_code_goes_to_the_client_it_was_checked_for() {
    for other in others() {
        let code = finish(&format!("{REDIRECT_URI}?code=a&state=STATE")).unwrap();
        refused(Exchange::authorization_code(&other, &ClientAuthentication::None, code), "transaction_mismatch");
    }
}

#[test]
fn n036_a_transaction_is_bound_to_issuer_client_and_redirect_uri() {
    for other in others() {
        let transaction = begin(read()).unwrap().transaction;
        let answer = format!("{}?code=a&state={}", other.redirect_uri(), transaction.state());
        refused(transaction.finish(&other, Callback::Url(&answer), NOW), "transaction_mismatch");
    }
}

#[test]
fn n038_no_token_in_the_front_channel() {
    for odd in ["access_token=x", "id_token=a.b.c", "token=x", "response=a.b.c", "access_token", "id_token="] {
        refused(finish(&format!("{REDIRECT_URI}?code=a&state=STATE&{odd}")), "callback_unexpected_parameter");
        refused(finish(&format!("{REDIRECT_URI}?state=STATE&{odd}")), "callback_unexpected_parameter");
    }
}

#[test]
fn n039_error_is_a_word() {
    for odd in ["", "a%0d%0aX", "%22", "%5C", "%C3%A5", "a%00", "%7F", &"a".repeat(257)] {
        refused(finish(&format!("{REDIRECT_URI}?error={odd}&state=STATE")), "callback_malformed");
    }
    let text = "error_description=%3Cb%3E%0A&error_uri=javascript%3Aalert(1)";
    let error = refused(finish(&format!("{REDIRECT_URI}?error=x+!%23%5B%5D~&state=STATE&{text}")), "authorization_error");
    let oauth = error.oauth().unwrap();
    assert_eq!((&*oauth.error, oauth.description.as_deref(), oauth.uri.as_deref()), ("x !#[]~", Some("<b>\u{fffd}"), None));
    let error =
        finish(&format!("{REDIRECT_URI}?error={}&state=STATE&error_uri=https%3A%2F%2Fop.example%2Fe", "a".repeat(256))).unwrap_err();
    assert_eq!(error.oauth().unwrap().uri.as_deref(), Some("https://op.example/e"));
    let error = finish(&format!("{REDIRECT_URI}?error=x&state=STATE&error_description={}", "a".repeat(600))).unwrap_err();
    assert_eq!(error.oauth().unwrap().description.as_ref().unwrap().len(), 512);
}

#[test]
fn n040_code_and_error_together() {
    for odd in ["error=x", "error=", "error"] {
        refused(finish(&format!("{REDIRECT_URI}?code=a&state=STATE&{odd}")), "callback_unexpected_parameter");
    }
}

#[test]
fn n041_code_is_vschar_within_bounds() {
    refused(finish(&format!("{REDIRECT_URI}?state=STATE")), "code_missing");
    for odd in ["", "a%00b", "a%0A", "%C3%A5", "%7F"] {
        refused(finish(&format!("{REDIRECT_URI}?code={odd}&state=STATE")), "code_malformed");
    }
    for odd in ["%FF%FE", "%zz", "%4", "%"] {
        refused(finish(&format!("{REDIRECT_URI}?code={odd}&state=STATE")), "callback_malformed");
    }
    assert!(finish(&format!("{REDIRECT_URI}?code=%20%21%7E&state=STATE")).is_ok());
    assert!(finish(&format!("{REDIRECT_URI}?code={}&state=STATE", "a".repeat(8192))).is_ok());
    refused(finish(&format!("{REDIRECT_URI}?code={}&state=STATE", "a".repeat(8193))), "callback_too_large");
    assert!(finish(&format!("{REDIRECT_URI}?code=a&state=STATE{}", "&x".repeat(62))).is_ok());
    refused(finish(&format!("{REDIRECT_URI}?code=a&state=STATE{}", "&x".repeat(63))), "callback_too_large");
    let padding = |total: usize| {
        let state = begin(read()).unwrap().transaction.state().len();
        let head = format!("{REDIRECT_URI}?code=a&state=STATE#");
        let filled = total - (head.len() - "STATE".len() + state);
        format!("{head}{}", "x".repeat(filled))
    };
    assert!(finish(&padding(32 * 1024)).is_ok());
    refused(finish(&padding(32 * 1024 + 1)), "callback_too_large");
}

#[test]
fn n042_arrives_where_and_how_it_was_asked_for() {
    for odd in [
        "https://rp.example/other",
        "https://rp.example/cb/",
        "http://rp.example/cb",
        "https://rp.example:8443/cb",
        "https://evil.example/cb",
        "https://rp.example",
        "https://rp.example/CB",
        "https://user@rp.example/cb",
        "com.example:/cb",
        "/cb",
        "x",
    ] {
        refused(finish(&format!("{odd}?code=a&state=STATE")), "callback_wrong_redirect_uri");
    }
    for fine in ["https://rp.example:443/cb", "HTTPS://RP.example/cb", ""] {
        assert!(finish(&format!("{fine}?code=a&state=STATE")).is_ok(), "{fine}");
    }
    let root = Registration::new(profile(), "client-1", "https://rp.example").unwrap();
    assert!(finish_as(&root, read(), "https://rp.example/?code=a&state=STATE").is_ok());
    refused(finish_as(&root, read(), "https://rp.example/other?code=a&state=STATE"), "callback_wrong_redirect_uri");
    let slash = Registration::new(profile(), "client-1", "https://rp.example/").unwrap();
    refused(finish_as(&slash, read(), "https://rp.example/other?code=a&state=STATE"), "callback_wrong_redirect_uri");
    let app = Registration::new(profile(), "client-1", "com.example.app:/cb").unwrap();
    assert!(finish_as(&app, read(), "com.example.app:/cb?code=a&state=STATE").is_ok());
    let empty = Registration::new(profile(), "client-1", "app.x:///cb").unwrap();
    assert!(finish_as(&empty, read(), "app.x:///cb?code=a&state=STATE").is_ok());
    refused(finish_as(&empty, read(), "app.x:///cb2?code=a&state=STATE"), "callback_wrong_redirect_uri");
    refused(finish_as(&app, read(), "com.example.app:/cb2?code=a&state=STATE"), "callback_wrong_redirect_uri");
    refused(finish_as(&app, read(), "com.example.app://h/cb?code=a&state=STATE"), "callback_wrong_redirect_uri");
    let opaque = Registration::new(profile(), "client-1", "com.example.app:cb").unwrap();
    refused(finish_as(&opaque, read(), "com.example.app:?code=a&state=STATE"), "callback_wrong_redirect_uri");

    let fragment = || read().response_mode(ResponseMode::Fragment);
    assert!(finish_as(&client(), fragment(), &format!("{REDIRECT_URI}#code=a&state=STATE")).is_ok());
    refused(finish_as(&client(), fragment(), &format!("{REDIRECT_URI}?code=a&state=STATE")), "state_missing");
    refused(finish(&format!("{REDIRECT_URI}#code=a&state=STATE")), "state_missing");
    assert!(begin(fragment()).unwrap().url.ends_with("&response_mode=fragment"));
}

#[test]
fn n044_form_post() {
    let post = |request: AuthorizationRequest, content_type: &str| {
        let transaction = begin(request).unwrap().transaction;
        let body = format!("code=a&state={}", transaction.state());
        transaction.finish(&client(), Callback::FormPost { content_type, body: &body }, NOW)
    };
    let asked = || read().response_mode(ResponseMode::FormPost);
    for fine in ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded ; charset=UTF-8"] {
        assert!(post(asked(), fine).is_ok());
    }
    for odd in ["", "text/plain", "application/json", "multipart/form-data", "application/x-www-form-urlencodedx"] {
        refused(post(asked(), odd), "callback_malformed");
    }
    refused(post(read(), "application/x-www-form-urlencoded"), "callback_malformed");
    refused(finish_as(&client(), asked(), &format!("{REDIRECT_URI}?code=a&state=STATE")), "callback_malformed");
    let long = format!("code=a&x={}", "a".repeat(32 * 1024));
    let transaction = begin(asked()).unwrap().transaction;
    let callback = Callback::FormPost { content_type: "application/x-www-form-urlencoded", body: &long };
    refused(transaction.finish(&client(), callback, NOW), "callback_too_large");
}

#[test]
fn a_code_handed_to_a_worker_is_checked_again() {
    let request = AuthorizationRequest::new("read openid").nonce("nonce-nonce-nonce");
    let code = finish_as(&client(), request, &format!("{REDIRECT_URI}?code=a+b%2B&scope=read+more&state=STATE")).unwrap();
    let stored = code.serialize();
    let text = stored.expose().strip_prefix("1 ").unwrap();
    let again = AuthorizationCode::restore(text).unwrap();
    assert_eq!((again.issuer(), &*again.client_id(), again.redirect_uri()), (ISSUER, "client-1", REDIRECT_URI));
    assert_eq!(
        (again.scope(), again.granted_scope().as_deref(), again.nonce()),
        ("read openid", Some("read more"), Some("nonce-nonce-nonce"))
    );
    assert_eq!(checked().nonce(), None);
    let fields: Vec<&str> = text.split(' ').collect();
    let replaced = |at: usize, value: &str| {
        let mut fields = fields.clone();
        fields[at] = value;
        fields.join(" ")
    };
    for odd in [
        String::new(),
        "x".into(),
        replaced(4, "short"),
        replaced(5, ""),
        replaced(5, "%00"),
        replaced(5, "%zz"),
        replaced(7, "a  b"),
        format!("{text}\n"),
        format!("{text}{}", "a".repeat(32 * 1024)),
    ] {
        refused(AuthorizationCode::restore(&odd), "code_malformed");
    }
    let mut exchange = by_hand(Exchange::authorization_code(&client(), &ClientAuthentication::None, again).unwrap().jwks("{}"));
    let Step::Send(request) = exchange.step(&[7; 32], 1_700_000_000).unwrap() else { panic!("a request") };
    assert!(request.body.unwrap().expose().contains("&code=a+b%2B&"));
    let odd = finish(&format!("{REDIRECT_URI}?code=a&state=STATE&scope=a++b")).unwrap();
    assert_eq!(odd.granted_scope(), None, "a granted scope outside the grammar is not passed on");
}

#[test]
fn a_transaction_tells_what_it_is_bound_to() {
    let request = AuthorizationRequest::new("x").scope("read write").response_mode(ResponseMode::Fragment);
    let login = begin(request).unwrap();
    assert!(login.url.contains("&scope=read%20write&"));
    let found = login.transaction;
    assert_eq!((found.issuer(), &*found.client_id(), found.redirect_uri()), (ISSUER, "client-1", REDIRECT_URI));
    assert_eq!((found.scope(), found.response_mode()), ("read write", ResponseMode::Fragment));
    assert_eq!((found.is_expired(NOW + 3600), found.is_expired(NOW + 3601)), (false, true));
}
