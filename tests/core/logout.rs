//! RP-initiated logout: the URL, what may not be in it, and the browser's return.

use proptest::prelude::*;
use samtykke::Secret;
use samtykke::protocol::logout::{Logout, judge_return};

use crate::calls::client;
use crate::metadata::code;

const STATE: &str = "af0ifjsldkjaf0ifjsldkj";

#[test]
fn logout() {
    let full = Logout {
        id_token_hint: Some(Secret::new("e30.e30.AA")),
        post_logout_redirect_uri: Some("https://rp.example/bye?x=1".into()),
        state: Some(STATE.into()),
        logout_hint: Some("a b".into()),
        ui_locales: Some("nb nn".into()),
        parameters: vec![("switch".into(), None), ("a&b".into(), Some("c=d".into()))],
    };
    let at = client("https://op.example/logout?tenant=1");
    let url = full.url(&at).unwrap();
    assert_eq!(
        url,
        format!(
            "https://op.example/logout?tenant=1&id_token_hint=e30.e30.AA&client_id=client-1&post_logout_redirect_uri=https%3A%2F%2Frp.example%2Fbye%3Fx%3D1&state={STATE}&logout_hint=a+b&ui_locales=nb+nn&switch&a%26b=c%3Dd"
        )
    );
    assert!(url.ends_with(full.form(&at).unwrap().expose()));
    assert_eq!(Logout::default().url(&client("https://op.example/logout")).unwrap(), "https://op.example/logout?client_id=client-1");
    assert!(!format!("{full:?}").contains("e30.e30.AA"));
    type Change = fn(&mut Logout);
    let changes: [(&str, Change); 14] = [
        ("invalid_parameter", |logout| logout.id_token_hint = Some(Secret::new("a b"))),
        ("invalid_parameter", |logout| logout.id_token_hint = Some(Secret::new(""))),
        ("invalid_parameter", |logout| logout.post_logout_redirect_uri = Some("http://rp.example/bye".into())),
        ("invalid_parameter", |logout| logout.post_logout_redirect_uri = Some("javascript:alert(1)".into())),
        ("invalid_parameter", |logout| logout.post_logout_redirect_uri = Some("https://rp.example/bye#f".into())),
        ("invalid_parameter", |logout| logout.post_logout_redirect_uri = Some("https://rp.example/bye?state=x".into())),
        ("invalid_parameter", |logout| logout.post_logout_redirect_uri = None),
        ("invalid_parameter", |logout| logout.state = None),
        ("invalid_parameter", |logout| logout.state = Some("short".into())),
        ("invalid_parameter", |logout| logout.state = Some("a".repeat(129))),
        ("invalid_parameter", |logout| logout.parameters = vec![(String::new(), None)]),
        ("reserved_parameter", |logout| logout.parameters = vec![("state".into(), None)]),
        ("reserved_parameter", |logout| logout.parameters = vec![("a".into(), None), ("a".into(), Some("b".into()))]),
        ("reserved_parameter", |logout| logout.parameters = vec![("tenant".into(), Some("2".into()))]),
    ];
    for (at_change, (expected, change)) in changes.into_iter().enumerate() {
        let mut logout = full.clone();
        change(&mut logout);
        let error = logout.url(&at).unwrap_err();
        assert_eq!((error.code(), error.phase().as_str()), (expected, "session"), "change {at_change}");
    }
    for (endpoint, expected) in [
        ("none", "endpoint_missing"),
        ("http://op.example/l", "endpoint_refused"),
        ("https://127.0.0.1/l", "endpoint_refused"),
        ("https://op.example/l#f", "endpoint_refused"),
        ("javascript:alert(1)", "endpoint_refused"),
        ("https://op.example/l?client_id=x", "invalid_parameter"),
        ("https://op.example/l?%73tate=x", "invalid_parameter"),
    ] {
        assert_eq!(code(full.url(&client(endpoint))), expected, "{endpoint}");
    }
}

#[test]
fn returns_from_logout() {
    for query in
        ["?state=af0ifjsldkjaf0ifjsldkj", "https://rp.example/bye?x=1&state=af0ifjsldkjaf0ifjsldkj#f", "?%73tate=af0ifjsldkjaf0ifjsldkj&"]
    {
        assert!(judge_return(query, STATE).is_ok(), "{query}");
    }
    for query in [
        "",
        "?",
        "https://rp.example/bye",
        "?state=",
        "?state",
        "?state=other",
        "?State=af0ifjsldkjaf0ifjsldkj",
        "?state=af0ifjsldkjaf0ifjsldk",
        "?state=af0ifjsldkjaf0ifjsldkj1",
        "?state=af0ifjsldkjaf0ifjsldkj&state=af0ifjsldkjaf0ifjsldkj",
        "?state=af0ifjsldkjaf0ifjsldkj&%73tate=x",
        "?state=%zz",
        "#?state=af0ifjsldkjaf0ifjsldkj",
        "?state=AF0IFJSLDKJaf0ifjsldkj",
    ] {
        let error = judge_return(query, STATE).unwrap_err();
        assert_eq!((error.code(), error.action().as_str()), ("logout_state_mismatch", "none"), "{query}");
        assert!(!format!("{error}").contains(STATE));
    }
    assert!(judge_return("?state=", "").is_err() && judge_return("?state", "").is_err(), "no state fits no state");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(text: String) {
        let _ = judge_return(&text, &text);
        let logout = Logout { logout_hint: Some(text.clone()), parameters: vec![(text.clone(), Some(text.clone()))], ..Logout::default() };
        if let Ok(url) = logout.url(&client("https://op.example/l")) {
            prop_assert!(url.bytes().all(|octet| octet.is_ascii_graphic()));
        }
    }
}
