//! Nothing that may hold a secret can be printed: the sources are walked for what `Debug` and `Display` would show.
//!
//! Refuses a `Display` beside those of errors, a derived `Debug` over a bare text whose name says that it is a secret, serde for tokens.

use std::path::Path;

/// Types that show themselves to people.
const SHOWN: &[&str] = &["Error", "StoreError", "TransportError"];
/// Words in the name of a field that holds what nobody may see.
const WORDS: &[&str] =
    &["secret", "token", "code", "verifier", "password", "passphrase", "assertion", "private", "plaintext", "cookie", "jwt", "object"];
/// Fields with such a name that hold no secret, and why.
const PUBLIC: &[(&str, &str)] = &[
    ("token_endpoint", "an address"),
    ("token_endpoint_auth_methods", "names"),
    ("id_token", "whether one is wanted"),
    ("code_challenge_methods", "names"),
    ("provider_code", "a provider's error code"),
    ("organisation_code", "a number of a public register"),
    ("code", "an error's, public"),
    ("user_code", "shown to the person, who types it in"),
    ("not_with_code", "names"),
    ("token68", "of a challenge, which anybody gets"),
    ("token_type", "a name"),
    ("issued_token_type", "a name"),
    ("requested_token_type", "a name"),
    ("subject_token_type", "a name"),
    ("actor_token_type", "a name"),
];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push((path.to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Each type that derives `Debug`: its name, and its fields as they stand.
fn derived(source: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found = Vec::new();
    let mut debug = false;
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("#[derive(") {
            debug = trimmed.contains("Debug");
        } else if let Some(rest) =
            ["pub struct ", "pub(crate) struct ", "struct ", "pub(super) struct "].iter().find_map(|start| trimmed.strip_prefix(start))
        {
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let mut fields = Vec::new();
            if let Some((_, tuple)) = rest.split_once('(') {
                fields.push((name.to_lowercase(), tuple.to_owned()));
            } else if rest.ends_with('{') {
                for line in lines.by_ref() {
                    let line = line.trim();
                    if line == "}" {
                        break;
                    }
                    if let Some((field, kind)) =
                        line.trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ").trim_start_matches("pub ").split_once(": ")
                    {
                        fields.push((field.to_owned(), kind.to_owned()));
                    }
                }
            }
            if debug {
                found.push((name, fields));
            }
            debug = false;
        } else if !trimmed.starts_with("#[") && !trimmed.starts_with("///") && !trimmed.starts_with("//") {
            debug = false;
        }
    }
    found
}

fn all() -> Vec<(String, String)> {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 100);
    found
}

/// Whether a type's text is one that `Debug` would show.
fn is_bare(kind: &str) -> bool {
    let bare = ["String", "&'a str", "&str", "Vec<u8>", "[u8", "Zeroizing", "Text"].iter().any(|text| kind.contains(text));
    bare && !kind.contains("Secret")
}

#[test]
fn no_type_that_may_hold_a_secret_shows_it() {
    let (mut wrong, mut walked) = (Vec::new(), 0);
    for (path, source) in all() {
        for (name, fields) in derived(&source) {
            walked += 1;
            for (field, kind) in fields {
                let secret = WORDS.iter().any(|word| field.contains(word)) && !PUBLIC.iter().any(|(public, _)| *public == field);
                if secret && is_bare(&kind) {
                    wrong.push(format!("{path}: {name}.{field}: {kind}"));
                }
            }
        }
    }
    assert!(walked > 80, "{walked} types");
    assert!(wrong.is_empty(), "Debug would show:\n{}", wrong.join("\n"));
    let probe = "#[derive(Clone, Debug)]\npub struct Probe {\n    pub(crate) client_secret: String,\n}\n";
    let [(name, fields)] = &derived(probe)[..] else { panic!("the walk sees a type") };
    assert!(name == "Probe" && fields[0].0 == "client_secret" && is_bare(&fields[0].1), "{fields:?}");
}

#[test]
fn only_errors_are_displayed() {
    for (path, source) in all() {
        for rest in source.split("Display for ").skip(1) {
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            assert!(SHOWN.contains(&name.as_str()), "{path}: Display for {name}");
        }
    }
}

#[test]
fn serde_reads_no_token_and_writes_one_by_a_call_alone() {
    const NEVER: &[&str] = &["Tokens", "Secret", "Transaction", "AuthorizationCode", "TokenRecord", "AltinnToken", "Granted", "Refresh"];
    for (path, source) in all() {
        for start in ["Serialize for ", "Deserialize<'de> for "] {
            for rest in source.split(start).skip(1) {
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
                assert!(!NEVER.contains(&name.as_str()), "{path}: {start}{name}");
            }
        }
        for rest in source.split("derive(serde::Serialize").skip(1) {
            let name = rest.split("struct ").nth(1).unwrap_or_default();
            let name: String = name.chars().take_while(|c| c.is_alphanumeric()).collect();
            assert!(!NEVER.contains(&name.as_str()), "{path}: derive(Serialize) on {name}");
        }
    }
}
