//! The small readers and writers, compared with the crates that are standard for each job.

use crate::ground::address::is_private;
use crate::ground::form::Form;
use crate::ground::json::{Value, Writer, push_string};
use crate::ground::text::{base64, base64url, base64url_decode, decimal, equal, form_decode, number, pairs, push_percent};
use crate::ground::uri::Uri;
use crate::protocol::syntax::is_redirect_uri;
use proptest::prelude::*;

type Json = serde_json::Value;

fn same(ours: &Value<'_>, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(one), Json::Bool(two)) => one == two,
        // serde_json writes the exponent's sign out.
        (Value::Number(one), Json::Number(two)) => one.replace('+', "").to_lowercase() == two.to_string().replace('+', "").to_lowercase(),
        (Value::String(one), Json::String(two)) => one == two,
        (Value::Array(one), Json::Array(two)) => one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two)),
        (Value::Object(one), Json::Object(two)) => {
            one.len() == two.len()
                && one.iter().all(|member| {
                    let raw: Option<Json> = serde_json::from_str(member.raw).ok();
                    two.get(&*member.name).is_some_and(|two| same(&member.value, two) && raw.as_ref() == Some(two))
                })
        }
        _ => false,
    }
}

/// JSON values within our limits, no name twice.
fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::vec((any::<String>(), inner), 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_of_the_standard_reader_is_read_alike(value in json(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let ours = Value::parse(&text);
        prop_assert!(ours.is_some_and(|ours| same(&ours, &value)), "{}", text);
    }

    #[test]
    fn json_that_is_read_is_json(text in r#"([\[\]{}:,"\\ \n\t]|[0-9]{1,3}|[-+.eE]|true|false|null|"[a-z]?"|\\u[0-9a-fA-F]{4}|\\[bfnrtx/"]|[é\x00\x1f]){0,14}"#) {
        if let Some(ours) = Value::parse(&text) {
            let theirs: Option<Json> = serde_json::from_str(&text).ok();
            prop_assert!(theirs.is_some_and(|theirs| same(&ours, &theirs)), "{}", text);
        }
    }

    #[test]
    fn json_damaged_is_read_alike_or_not(value in json(), at: prop::sample::Index, with in "[\\[\\]{}:,\"\\\\0-9a-f .eE+-]?") {
        let mut text = value.to_string();
        let at = (0..=text.len()).rev().filter(|at| text.is_char_boundary(*at)).nth(at.index(text.chars().count() + 1)).unwrap();
        let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        text.replace_range(at..end, &with);
        let theirs: Option<Json> = serde_json::from_str(&text).ok();
        match Value::parse(&text) {
            Some(ours) => prop_assert!(theirs.is_some_and(|theirs| same(&ours, &theirs)), "{}", text),
            // Only a name that now stands twice is ours to refuse.
            None => if let Some(theirs) = theirs { prop_assert!(theirs.to_string().matches(':').count() < text.matches(':').count(), "{}", text) },
        }
    }

    #[test]
    fn json_integers(text in "-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,4}0{0,3})?([eE][+-]?[0-9]{1,2})?") {
        let ours = Value::parse(&text).unwrap().as_integer();
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        // Exact, in decimal: the digits moved by the exponent, checked by hand in text.
        let negative = whole.starts_with('-');
        let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
        let shift = exponent.parse::<i64>().unwrap() - fraction.len() as i64;
        let stripped = digits.trim_start_matches('0');
        let exact = if stripped.is_empty() { Some("0".into()) } else if shift >= 0 {
            Some(format!("{stripped}{}", "0".repeat(shift as usize)))
        } else {
            let zeros = stripped.len() - stripped.trim_end_matches('0').len();
            (zeros as i64 >= -shift).then(|| stripped[..stripped.len() - (-shift) as usize].to_owned())
        };
        let exact = exact.and_then(|digits| digits.parse::<i64>().ok()).filter(|value| *value < 1 << 53).map(|value| if negative { -value } else { value });
        prop_assert_eq!(ours, exact, "{}", text);
    }

    #[test]
    fn json_texts_are_written_as_they_are_read(text: String, name: String) {
        let mut out = String::new();
        push_string(&mut out, &text);
        prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text.clone());
        let object = Writer::new().string(&name, &text).take();
        let parsed = Value::parse(&object).unwrap();
        prop_assert_eq!(parsed.get(&name).and_then(Value::as_str), Some(&*text));
    }

    #[test]
    fn forms(fields in prop::collection::vec((any::<String>(), any::<String>()), 0..6)) {
        let mut form = Form::new();
        for (name, value) in &fields {
            form.push(name, value);
        }
        let text = form.into_string();
        let theirs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        let ours: Vec<(String, String)> = pairs(&text).map(|(name, value)| (form_decode(name).unwrap(), form_decode(value).unwrap())).collect();
        prop_assert_eq!(&theirs, &fields);
        prop_assert_eq!(&ours, &fields);
        let mut percent = String::new();
        push_percent(&mut percent, &text);
        prop_assert!(percent.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._~%".contains(&c)));
        prop_assert_eq!(form_decode(&percent), Some(text));
    }

    #[test]
    fn forms_of_others(text in "([a-z=&+%~]|%[0-9a-fA-F]{2}|é){0,20}") {
        let theirs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        let ours: Vec<(Option<String>, Option<String>)> = pairs(&text).map(|(name, value)| (form_decode(name), form_decode(value))).collect();
        prop_assert_eq!(ours.len(), theirs.len());
        for ((name, value), (their_name, their_value)) in ours.into_iter().zip(theirs) {
            // The standard reader keeps broken escapes and replaces broken UTF-8; ours refuses both, and reads the rest alike.
            for (ours, theirs) in [(name, their_name), (value, their_value)] {
                match ours {
                    Some(ours) => prop_assert_eq!(ours, theirs),
                    None => prop_assert!(theirs.contains('%') || theirs.contains('\u{fffd}'), "{}", theirs),
                }
            }
        }
    }

    #[test]
    fn base64_both_ways(octets: Vec<u8>, text in "[A-Za-z0-9_=+/-]{0,12}") {
        use base64ct::{Base64, Base64UrlUnpadded, Encoding};
        prop_assert_eq!(base64url(&octets), Base64UrlUnpadded::encode_string(&octets));
        prop_assert_eq!(base64(&octets), Base64::encode_string(&octets));
        prop_assert_eq!(base64url_decode(&base64url(&octets)), Some(octets));
        prop_assert_eq!(base64url_decode(&text), Base64UrlUnpadded::decode_vec(&text).ok(), "{}", text);
    }

    #[test]
    fn numbers(value in 0u64..9_007_199_254_740_990, text in "[0-9]{0,20}|[-+ 0-9.x]{0,5}") {
        prop_assert_eq!(number(&decimal(value)), Some(value));
        prop_assert_eq!(decimal(value), value.to_string());
        let exact = text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten().filter(|value| *value < 9_007_199_254_740_990);
        prop_assert_eq!(number(&text), exact);
    }

    #[test]
    fn comparison(one: String, two: String) {
        prop_assert_eq!(equal(one.as_bytes(), two.as_bytes()), one == two);
        prop_assert!(equal(one.as_bytes(), one.as_bytes()));
    }

    #[test]
    fn uris_that_are_read_are_urls(text in r"(https|HTTP|http|com\.example|a)(://|:/|:)([a-zA-Z0-9.-]{1,8}|127\.0\.0\.1|\[::1\]|\[[0-9a-f:.]{1,8}\])?(:[0-9]{0,6})?(/[a-zA-Z0-9._~%!$&'()*+,;=:@|^\\ -]{0,8}){0,3}(\?[a-z=&/?]{0,6})?(#[a-z]{0,3})?") {
        let Some(uri) = Uri::parse(&text) else { return Ok(()) };
        if !uri.is_secure(true) { return Ok(()) }
        // What we do not judge and `url` does: whether a bracket holds an IPv6 address, whether a number fits IPv4, IDNA.
        let Ok(theirs) = url::Url::parse(&text) else {
            prop_assert!(!is_redirect_uri(&text) || is_private(&uri) || text.contains("xn--"), "{}", text);
            return Ok(());
        };
        prop_assert_eq!(theirs.scheme(), uri.scheme.to_ascii_lowercase());
        prop_assert_eq!(theirs.port_or_known_default().map(|port| port.to_string()), uri.port.map_or(Some(if uri.is_scheme("https") { "443" } else { "80" }.to_owned()), |port| port.parse::<u32>().ok().map(|port| port.to_string())));
        prop_assert_eq!(theirs.username(), "");
        let looks_numeric = matches!(theirs.host(), Some(url::Host::Ipv4(_) | url::Host::Ipv6(_)));
        if !looks_numeric {
            prop_assert_eq!(theirs.host_str().unwrap(), uri.host.unwrap().to_ascii_lowercase());
        }
        if !uri.path.contains('.') && !uri.path.contains("%2") {
            prop_assert_eq!(theirs.path(), if uri.path.is_empty() { "/" } else { uri.path });
        }
        prop_assert_eq!(theirs.query(), uri.query);
        prop_assert_eq!(theirs.fragment(), uri.fragment);
    }

    #[test]
    fn private_addresses_in_every_spelling(octets: [u8; 4], spelling in 0..6u8) {
        let [a, b, c, d] = octets;
        let whole = u32::from_be_bytes(octets);
        let host = match spelling {
            0 => format!("{a}.{b}.{c}.{d}"),
            1 => format!("0x{a:x}.0{b:o}.{c}.{d}"),
            2 => format!("{whole}"),
            3 => format!("0x{whole:x}"),
            4 => format!("{a}.{}", whole & 0x00ff_ffff),
            _ => format!("{a}.{b}.0{:o}", whole & 0xffff),
        };
        let text = format!("https://{host}/");
        let Some(url::Host::Ipv4(address)) = url::Url::parse(&text).unwrap().host().map(|host| host.to_owned()) else { panic!("{text}") };
        prop_assert_eq!(u32::from(address), whole);
        let shared = a == 100 && (64..128).contains(&b);
        let expected = a == 0 || a == 127 || a == 10 || shared || (a == 172 && (16..32).contains(&b)) || (a == 192 && b == 168) || (a == 169 && b == 254);
        prop_assert_eq!(is_private(&Uri::parse(&text).unwrap()), expected, "{}", text);
        for mapped in [format!("https://[::ffff:{a}.{b}.{c}.{d}]/"), format!("https://[::ffff:{:x}:{:x}]/", whole >> 16, whole & 0xffff)] {
            prop_assert_eq!(is_private(&Uri::parse(&mapped).unwrap()), expected, "{}", mapped);
        }
        // NAT64 and 6to4 deliver to the IPv4 address inside; the standard library reads all spellings of the text.
        let (high, low) = (whole >> 16, whole & 0xffff);
        for host in [
            format!("64:ff9b::{a}.{b}.{c}.{d}"), format!("64:ff9b::{high:x}:{low:x}"), format!("0064:FF9B:0:0:0:0:{high:04X}:{low:04X}"),
            format!("2002:{high:x}:{low:x}::1"), format!("2002:{high:04x}:{low:04x}:1:2:3:4:5"), format!("::ffff:0:{a}.{b}.{c}.{d}"),
        ] {
            prop_assert_eq!(is_private(&Uri::parse(&format!("https://[{host}]/")).unwrap()), expected, "{}", host);
        }
        for host in [format!("64:ff9b:1::{a}.{b}.{c}.{d}"), format!("64:ff9b:1:{high:x}:{low:x}::"), format!("2001::{high:x}:{low:x}"), format!("2001:0:{high:x}:{low:x}::1")] {
            prop_assert!(is_private(&Uri::parse(&format!("https://[{host}]/")).unwrap()), "{}", host);
        }
    }
}

#[test]
fn private_addresses() {
    for (host, private) in [
        ("localhost", true),
        ("LOCALHOST", true),
        ("a.localhost", true),
        ("localhost.", true),
        ("127.1", true),
        ("0", true),
        ("0x7f.1", true),
        ("017700000001", true),
        ("0x", true),
        ("1.2.3.4.5", true),
        ("256.1.1.1", true),
        ("1.256", false),
        ("08.1.1.1", true),
        ("1.2.3.0x", false),
        ("[::1]", true),
        ("[::]", true),
        ("[fe80::1]", true),
        ("[fec0::1]", false),
        ("[fc00::1]", true),
        ("[fdff::1]", true),
        ("[2001:db8::1]", false),
        ("[::ffff:8.8.8.8]", false),
        ("[::1.2.3.4.5]", true),
        ("[::7f00:1]", true),
        ("[64:ff9b::169.254.169.254]", true),
        ("[64:ff9b::a9fe:a9fe]", true),
        ("[64:ff9b::8.8.8.8]", false),
        ("[64:ff9b:2::10.0.0.1]", false),
        ("[64:ff9a::10.0.0.1]", false),
        ("[64:ff9b:1::8.8.8.8]", true),
        ("[64:ff9b:1:ffff::]", true),
        ("[2002:a00:1::1]", true),
        ("[2002:7f00:1::]", true),
        ("[2002:808:808::1]", false),
        ("[2003:a00:1::1]", false),
        ("[2001::1]", true),
        ("[2001:0:4136:e378:8000:63bf:3fff:fdd2]", true),
        ("[2001:1::1]", false),
        ("[2001:4860:4860::8888]", false),
        ("[::ffff:0:127.0.0.1]", true),
        ("[::ffff:0:8.8.8.8]", false),
        ("8.8.8.8", false),
        ("8.8.8.8.", false),
        ("example.com", false),
        ("10.example", false),
        ("1e1", false),
        ("172.15.0.1", false),
        ("100.63.0.1", false),
        ("100.128.0.1", false),
        ("100.64.0.1", true),
        ("4294967296", true),
        ("99999999999999999999999", true),
    ] {
        let text = format!("https://{host}/");
        // What is no address at all is no URI either.
        assert_eq!(Uri::parse(&text).is_none_or(|uri| is_private(&uri)), private, "{host}");
    }
    assert!(is_private(&Uri::parse("urn:x").unwrap()), "no host is no public host");
}

#[test]
fn uris() {
    let uri = Uri::parse("https://[::1]:8443/a?b#c").unwrap();
    assert_eq!(
        (uri.scheme, uri.host, uri.port, uri.path, uri.query, uri.fragment),
        ("https", Some("[::1]"), Some("8443"), "/a", Some("b"), Some("c"))
    );
    let uri = Uri::parse("com.example:/cb").unwrap();
    assert_eq!((uri.host, uri.port, uri.path, uri.query, uri.fragment), (None, None, "/cb", None, None));
    for odd in [
        "",
        ":",
        "a",
        "1a:b",
        "a_b:c",
        "https://",
        "https://:80/",
        "https://a:b/",
        "https://a:65536/",
        "https://a:000001/",
        "https://[a/",
        "https://a]/",
        "https://[]x/",
        "https://[::1]x/",
        "https://a@b/",
        "https://a b/",
        "https://a/\u{7f}",
        "https://a/\"",
        "https://a/<",
        "https://a/{",
        "https://a/`",
        "https://a/^",
        "https://å/",
        "https://a/\\",
    ] {
        assert!(Uri::parse(odd).is_none(), "{odd}");
    }
    let same = |one: &str, two: &str| Uri::parse(one).unwrap().same_origin(&Uri::parse(two).unwrap());
    assert!(same("https://a/", "HTTPS://A:443/x") && same("http://a", "http://a:80") && same("urn:a", "urn:b"));
    assert!(
        !same("https://a", "http://a")
            && !same("https://a", "https://a:444")
            && !same("https://a", "https://b")
            && !same("x://a", "x:a")
            && !same("x://a", "x://a:80")
            && !same("http://a:443", "https://a")
    );
}

#[test]
fn a_lone_base64url_digit_is_no_octet() {
    for odd in ["A", "AAAAA", "AB", "AAB"] {
        assert_eq!(base64url_decode(odd), None, "{odd}");
    }
    assert_eq!((base64url_decode(""), base64url_decode("AA")), (Some(vec![]), Some(vec![0])));
}

#[test]
fn json_limits() {
    let members = |count: usize| format!("{{{}}}", (0..count).map(|at| format!("\"m{at}\":1")).collect::<Vec<_>>().join(","));
    assert!(Value::parse(&members(256)).is_some());
    assert!(Value::parse(&members(257)).is_none());
    for text in [
        "",
        "{}{}",
        "\u{feff}\u{feff}1",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "[1,]",
        "{\"a\":1,}",
        "nul",
        "\"\t\"",
        "+1",
        "\"\\u00e\"",
    ] {
        assert!(Value::parse(text).is_none(), "{text}");
    }
    assert_eq!(Value::parse("\u{feff}\"\\ud83d\\ude00\\u00e9\\/\"").unwrap().as_str(), Some("😀é/"));
    assert_eq!((Value::parse("true").unwrap().as_bool(), Value::parse("1").unwrap().as_bool()), (Some(true), None));
    assert!(Value::parse("1").unwrap().get("a").is_none() && Value::parse("1").unwrap().as_array().is_none());
    assert_eq!(Value::parse("9007199254740991").unwrap().as_integer(), Some(9_007_199_254_740_991));
    assert_eq!(Value::parse("9007199254740992").unwrap().as_integer(), None);
    assert_eq!(Value::parse("\"1\"").unwrap().as_integer(), None);
}
