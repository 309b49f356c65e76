//! `WWW-Authenticate`: what is written is read back, what is broken is refused, and nothing panics.

use proptest::prelude::*;
use samtykke::protocol::challenge::Challenge;

fn refused(header: &str) {
    let error = Challenge::parse(header).expect_err(header);
    assert_eq!(error.code(), "challenge_malformed", "{header}");
}

/// A challenge as some server might write it.
fn written(challenge: &Challenge, space: &str, quoted: bool) -> String {
    let mut text = challenge.scheme.to_ascii_uppercase();
    if let Some(token) = &challenge.token68 {
        return format!("{text} {space}{token}{space}");
    }
    for (at, (name, value)) in challenge.parameters.iter().enumerate() {
        let bare = !quoted && !value.is_empty() && value.bytes().all(|c| c.is_ascii_alphanumeric());
        let value = if bare { value.clone() } else { format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")) };
        text.push_str(if at == 0 { " " } else { "," });
        text.push_str(&format!("{space}{name}{space}={space}{value}{space}"));
    }
    text
}

fn challenge() -> impl Strategy<Value = Challenge> {
    let parameters = prop::collection::btree_map("[a-z][a-z0-9_-]{0,9}", "[\t -~\u{80}-\u{ff}€]{0,12}", 0..6)
        .prop_map(|all| (None, all.into_iter().collect::<Vec<_>>()));
    let token = "[A-Za-z0-9._~+/-]{1,20}={0,2}".prop_map(|token| (Some(token), Vec::new()));
    ("[a-z][a-z0-9]{0,8}", prop_oneof![3 => parameters, 1 => token]).prop_map(|(scheme, (token68, parameters))| Challenge {
        scheme,
        token68,
        parameters,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(challenges in prop::collection::vec(challenge(), 1..5), space in "[ \t]{0,3}", commas in "(,[ \t]{0,2}){1,4}", quoted: bool) {
        let header = challenges.iter().map(|one| written(one, &space, quoted)).collect::<Vec<_>>().join(&commas);
        prop_assert_eq!(Challenge::parse(&header).unwrap(), challenges.clone(), "{}", header);
        let odd = format!("{commas}{header}{commas}");
        prop_assert_eq!(Challenge::parse(&odd).unwrap(), challenges, "{}", odd);
    }

    #[test]
    fn nothing_panics_and_nothing_grows(text: String, more in "[ -~\t\u{0}é]{0,60}", pieces in prop::collection::vec("(Bearer|DPoP|a=|\"|,| |\\\\|=|x)", 0..40)) {
        for text in [text, more, pieces.concat()] {
            if let Ok(found) = Challenge::parse(&text) {
                let octets = |one: &Challenge| one.scheme.len() + one.token68.as_deref().map_or(0, str::len) + one.parameters.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
                prop_assert!(found.iter().map(octets).sum::<usize>() <= text.len());
                prop_assert!(!found.is_empty());
                for one in &found {
                    prop_assert!(!one.scheme.bytes().any(|c| c.is_ascii_uppercase()) && one.token68.is_none() | one.parameters.is_empty());
                    let mut names: Vec<_> = one.parameters.iter().map(|(name, _)| name).collect();
                    names.sort_unstable();
                    names.dedup();
                    prop_assert_eq!(names.len(), one.parameters.len());
                }
            }
        }
    }
}

#[test]
fn sizes_and_counts_are_bounded() {
    let parameters = |count: usize| (0..count).map(|at| format!("a{at}=b")).collect::<Vec<_>>().join(",");
    assert_eq!(Challenge::parse(&format!("Bearer {}", parameters(64))).unwrap()[0].parameters.len(), 64);
    refused(&format!("Bearer {}", parameters(65)));
    let realm = |length: usize| format!("Bearer realm=\"{}\"", "A".repeat(length - 15));
    assert_eq!(realm(16 * 1024).len(), 16 * 1024);
    assert!(Challenge::parse(&realm(16 * 1024)).is_ok());
    refused(&realm(16 * 1024 + 1));
}

#[test]
fn each_flaw_is_refused() {
    for header in [
        "",
        " ",
        ",",
        "\"",
        "=",
        "a=b",
        "Bearer a=b c=d",
        "Bearer a=b, c=",
        "Bearer a= ,b=c",
        "Bearer a=\"b\"c",
        "Bearer \"a\"",
        "Bearer a=b\\c",
        "Bearer a=\"b\nc\"",
        "Bearer a=\"b\\\nc\"",
        "Bearer a=\"b\u{7f}\"",
        "Bearer a=b\u{0}",
        "Bearer é=b",
        "Bearer a=é",
        "Bearer; a=b",
        "Bearer a=b; c=d",
        "Bearer a=b, A=c",
        "Bearer abc==, a=b",
        "Bearer, a=b",
        "Bearer abc== d",
        "Bearer a=\"b",
        "Bearer a=\"b\\",
        "Bearer a=\"b\\\"",
        "Bearer a=b, =c",
    ] {
        refused(header);
    }
}

#[test]
fn what_a_challenge_says() {
    let header = "dpop error=\"insufficient_user_authentication\", error_description=\"a\u{9}b\", error_uri=\"javascript:alert(1)\", max_age=5, Basic";
    let found = Challenge::parse(header).unwrap();
    let error = found[0].error().unwrap();
    assert_eq!(
        (error.error.as_str(), error.description.as_deref(), error.uri),
        ("insufficient_user_authentication", Some("a\u{fffd}b"), None)
    );
    assert_eq!((found[0].max_age(), found[0].is("DPoP"), found[0].is("Bearer"), found[0].parameter("realm")), (Some(5), true, false, None));
    assert_eq!((found[1].error(), found[1].max_age()), (None, None));
    // Text in a quoted value that looks like a challenge is none.
    let quoted = Challenge::parse(r#"Basic realm="x, DPoP error=\"use_dpop_nonce\"""#).unwrap();
    assert_eq!((quoted.len(), quoted[0].error()), (1, None));
    assert!(Challenge::parse("Bearer error=\"\"").unwrap()[0].error().is_none(), "an empty error is none");
}
