//! An example of each small reader and writer.

#[test]
fn address_is_private() {
    use crate::ground::{address::is_private, uri::Uri};
    let private = |text| is_private(&Uri::parse(text).unwrap());
    assert!(private("https://169.254.169.254/"));
    assert!(private("https://0x7f.1/"));
    assert!(private("https://[::ffff:10.0.0.1]/"));
    assert!(!private("https://access.norskgjeld.no/"));
}

#[test]
fn json_parse() {
    use crate::ground::json::Value;
    let value = Value::parse(r#"{"a":[1,"x"]}"#).unwrap();
    assert!(value.get("a").is_some());
    assert!(Value::parse(r#"{"a":1,"a":2}"#).is_none()); // duplicate member
    assert!(Value::parse("{}{}").is_none());
}

#[test]
fn json_as_integer() {
    use crate::ground::json::Value;
    assert_eq!(Value::parse("3600.0").unwrap().as_integer(), Some(3600));
    assert_eq!(Value::parse("1.5").unwrap().as_integer(), None);
    assert_eq!(Value::parse("1e400").unwrap().as_integer(), None);
}

#[test]
fn json_as_seconds() {
    use crate::ground::json::Value;
    assert_eq!(Value::parse("1700000300.5").unwrap().as_seconds(), Some(1_700_000_301));
    assert_eq!(Value::parse("1e400").unwrap().as_seconds(), None);
}

#[test]
fn json_push_string() {
    let mut out = String::new();
    crate::ground::json::push_string(&mut out, "a\"b\n");
    assert_eq!(out, r#""a\"b\u000a""#);
}

#[test]
fn sha256_digest() {
    let digest = crate::ground::sha256::digest(b"abc");
    assert_eq!(crate::ground::text::base64url(&digest), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
}

#[test]
fn text_base64url() {
    assert_eq!(crate::ground::text::base64url(&[0xff, 0xef]), "_-8");
}

#[test]
fn text_base64() {
    assert_eq!(crate::ground::text::base64(b"a:b"), "YTpi");
    assert_eq!(crate::ground::text::base64(b"a"), "YQ==");
}

#[test]
fn text_base64url_decode() {
    use crate::ground::text::base64url_decode;
    assert_eq!(base64url_decode("_-8"), Some(vec![0xff, 0xef]));
    assert_eq!(base64url_decode("_-8="), None);
    assert_eq!(base64url_decode("_-9"), None); // trailing bits
}

#[test]
fn text_push_form() {
    let mut out = String::new();
    crate::ground::text::push_form(&mut out, "a%b+c d:e/f~g");
    assert_eq!(out, "a%25b%2Bc+d%3Ae%2Ff~g");
}

#[test]
fn text_form_decode() {
    use crate::ground::text::form_decode;
    assert_eq!(form_decode("a%2Bb+c"), Some("a+b c".into()));
    assert_eq!(form_decode("%zz"), None);
    assert_eq!(form_decode("%FF"), None);
}

#[test]
fn text_cut() {
    assert_eq!(crate::ground::text::cut("a=b=c", b'='), ("a", Some("b=c")));
    assert_eq!(crate::ground::text::cut("abc", b'='), ("abc", None));
}

#[test]
fn text_form() {
    let mut form = crate::ground::form::Form::new();
    form.push("grant_type", "client_credentials").push("scope", "a b");
    assert_eq!(form.into_string(), "grant_type=client_credentials&scope=a+b");
}

#[test]
fn uri_parse() {
    use crate::ground::uri::Uri;
    let uri = Uri::parse("https://rp.example:8443/cb?x=1").unwrap();
    assert_eq!((uri.host, uri.port, uri.path), (Some("rp.example"), Some("8443"), "/cb"));
    assert!(Uri::parse("http://localhost:80@evil.example/").is_none());
    assert!(Uri::parse("\tjavascript:alert(1)").is_none());
}
