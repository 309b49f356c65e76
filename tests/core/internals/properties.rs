//! Whole answers: a valid one is accepted, one fault anywhere refuses it, harmless changes do not, nothing panics.

use crate::protocol::token::{Expectation, Tokens};
use crate::{AuthorizationCode, AuthorizationRequest, Callback, Error, Profile, Registration, Response, Transaction};
use proptest::prelude::*;

const NOW: u64 = 1_700_000_000;

fn client() -> Registration {
    let mut profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    profile.iss_parameter = true;
    Registration::new(profile, "client-1", "https://rp.example/cb").unwrap()
}

fn transaction(random: &[u8; 96]) -> Transaction {
    client().begin(AuthorizationRequest::new("read openid"), random, NOW).unwrap().transaction
}

fn answer(pairs: &[(String, String)]) -> String {
    let mut form = crate::ground::form::Form::new();
    for (name, value) in pairs {
        form.push(name, value);
    }
    format!("https://rp.example/cb?{}", form.into_string())
}

fn valid(state: &str, code: &str) -> Vec<(String, String)> {
    [("code", code), ("state", state), ("iss", "https://op.example")].map(|(name, value)| (name.into(), value.into())).into()
}

fn finish(random: &[u8; 96], url: &str, now: u64) -> Result<AuthorizationCode, Error> {
    transaction(random).finish(&client(), Callback::Url(url), now)
}

fn random() -> impl Strategy<Value = [u8; 96]> {
    prop::collection::vec(any::<u8>(), 96).prop_map(|octets| octets.try_into().unwrap())
}

fn flipped(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect()
}

const CODE: &str = "[!-~]{1,80}";

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn harmless_changes_are_accepted(random in random(), code in CODE, order in Just([0usize, 1, 2]).prop_shuffle(), unknown in "[A-Za-z]{1,9}", value: String, late in 0..=3600u64) {
        let transaction = transaction(&random);
        let known = ["state", "iss", "code", "error", "error_description", "error_uri", "scope", "response", "access_token", "id_token", "token"];
        let pairs = valid(transaction.state(), &code);
        let mut shuffled: Vec<(String, String)> = order.iter().map(|at| pairs[*at].clone()).collect();
        if !known.contains(&&*unknown) {
            shuffled.insert(1, (unknown, value));
        }
        let url = answer(&shuffled).replace('&', "&&").replace('?', "?&");
        let found = finish(&random, &format!("{url}&#_=_"), NOW + late);
        prop_assert!(found.is_ok(), "{:?} {}", found, url);
    }

    #[test]
    fn one_fault_is_refused(random in random(), code in CODE, fault in 0..13u8, which in 0..3usize) {
        let state = transaction(&random).state().to_owned();
        let mut pairs = valid(&state, &code);
        let (mut now, mut url) = (NOW, None);
        match fault {
            0 => { pairs.remove(which); }
            1 => pairs.push(pairs[which].clone()),
            2 => pairs[1 + which % 2].1.push('1'),
            3 => pairs[1 + which % 2].1 = flipped(&pairs[1 + which % 2].1),
            4 => { pairs[1 + which % 2].1.pop(); }
            5 => pairs[2].1 = "https://attacker.example".into(),
            6 => now = NOW + 3601,
            7 => url = Some(answer(&pairs).replacen("https://rp.example/cb", ["https://rp.example/cb2", "https://evil.example/cb", "http://rp.example/cb"][which], 1)),
            8 => url = Some(answer(&pairs).replacen('?', "#", 1)),
            9 => pairs.push((["access_token", "id_token", "error"][which].into(), "x".into())),
            10 => pairs[which].1.clear(),
            11 => pairs[which].0 = flipped(&pairs[which].0),
            _ => pairs[0].1.insert(0, ['\0', '\n', 'é'][which]),
        }
        let url = url.unwrap_or_else(|| answer(&pairs));
        prop_assert!(finish(&random, &url, now).is_err(), "{}", url);
    }

    #[test]
    fn another_flow_s_answer_is_refused(one in random(), two in random(), code in CODE) {
        prop_assume!(one[32..64] != two[32..64]);
        let url = answer(&valid(transaction(&two).state(), &code));
        let error = finish(&one, &url, NOW).unwrap_err();
        prop_assert_eq!(error.code(), "state_mismatch");
    }

    #[test]
    fn a_stored_transaction_survives(random in random(), code in CODE) {
        let begun = transaction(&random);
        let stored = Transaction::restore(begun.serialize().expose()).unwrap();
        let url = answer(&valid(begun.state(), &code));
        let found = stored.finish(&client(), Callback::Url(&url), NOW).unwrap();
        let handed = AuthorizationCode::restore(found.serialize().expose()).unwrap();
        prop_assert_eq!(handed.serialize(), found.serialize());
        prop_assert_eq!(handed.scope(), "read openid");
    }

    #[test]
    fn a_token_answer(token in "[!#-\\[\\]-~]{1,60}", seconds in 0u32..=315_360_000, space in "[ \t\r\n]{0,3}", fault in 0..12u8) {
        let members = vec![
            format!(r#""access_token":"{token}""#), r#""token_type":"bearer""#.into(), format!(r#""expires_in":{seconds}"#), r#""scope":"a b""#.into(),
            format!(r#""refresh_token":"{token}""#), r#""id_token":"e30.e30.AA""#.into(),
        ];
        let expectation = Expectation { id_token: true, ..Expectation::default() };
        let judge = |status, media: Option<&str>, body: String| Tokens::judge(&Response::new(status, media, &body), &expectation);
        let body = |members: &[String]| format!("{space}{{{space}{}{space}}}{space}", members.join(&format!("{space},{space}")));
        let tokens = judge(200, Some("application/json"), body(&members)).unwrap();
        prop_assert_eq!((tokens.access_token.expose(), tokens.expires_in, tokens.scope.as_deref()), (&*token, Some(seconds), Some("a b")));
        let mut reversed = members.clone();
        reversed.reverse();
        reversed.push(r#""x":{"y":[null]}"#.into());
        prop_assert!(judge(200, Some("application/json; charset=utf-8"), body(&reversed)).is_ok());

        let mut broken = members.clone();
        let (mut status, mut media) = (200, Some("application/json"));
        match fault {
            0 => { broken.remove(0); }
            1 => { broken.remove(1); }
            2 => { broken.remove(5); }
            3 => broken.push(members[0].clone()),
            4 => broken[0] = broken[0].replacen(':', ":1", 1),
            5 => broken[1] = r#""token_type":"mac""#.into(),
            6 => broken[2] = format!(r#""expires_in":-{}"#, seconds + 1),
            7 => broken[3] = r#""scope":["a"]"#.into(),
            8 => broken.push(r#""error":"x""#.into()),
            9 => status = 302,
            10 => media = Some("text/html"),
            _ => broken[5] = r#""id_token":"e30.e30""#.into(),
        }
        prop_assert!(judge(status, media, body(&broken)).is_err());
    }

    #[test]
    fn nothing_panics(text: String, octets: Vec<u8>, status: u16, more in "[ -~\n]{0,60}") {
        let lossy = String::from_utf8_lossy(&octets).into_owned();
        for text in [&text, &lossy, &more] {
            let _ = Transaction::restore(text).map(|transaction| transaction.finish(&client(), Callback::Url(text), NOW));
            let _ = AuthorizationCode::restore(text);
            for url in [text.clone(), format!("?{text}"), format!("https://rp.example/cb?{text}")] {
                let _ = finish(&[7; 96], &url, NOW);
            }
            let _ = transaction(&[7; 96]).finish(&client(), Callback::FormPost { content_type: text, body: text }, NOW);
            for body in [text.clone(), format!("{{\"access_token\":\"{text}\"")] {
                let _ = Tokens::judge(&Response::new(status, Some("application/json"), &body), &Expectation::default());
            }
            let _ = Registration::new(Profile::new(text, text, text), text, text);
            let _ = client().begin(AuthorizationRequest::new(text.clone()).state(text.clone()).parameter(text.clone(), text.clone()), &[7; 96], NOW);
            if let Some(uri) = crate::ground::uri::Uri::parse(text) { let _ = crate::ground::address::is_private(&uri); }
            let _ = crate::ground::json::Value::parse(text).map(|value| value.as_integer());
            let _ = crate::provider::norskgjeld::Scope::parse(text);
            let _ = crate::provider::norskgjeld::Environment::from_name(text);
            let _ = (crate::ground::text::base64url_decode(text), crate::ground::text::form_decode(text), crate::ground::text::number(text));
        }
    }
}
