//! A European business in Maskinporten's token: read by its own judge alone, and never taken for a Norwegian organisation.

use samtykke::provider::maskinporten::{AccessToken, EuropeanCaller, TokenExpectation};

const CONSUMER: &str = r#"{"authority":"etsi-en-319-412","ID":"NTRSE-5560001111","organizationName":"Exempel AB"}"#;

fn claims(consumer: &str, more: &str) -> String {
    format!(
        r#"{{"iss":"https://maskinporten.no/","exp":1700000120,"scope":"difi:api3","client_id":"eidas-1002","client_amr":"QCForESeal","consumer":{consumer}{more}}}"#
    )
}

fn expected() -> TokenExpectation<'static> {
    TokenExpectation { issuer: "https://maskinporten.no/", audience: None, scope: "difi:api3", now: 1_700_000_000 }
}

fn judge(claims: &str) -> Result<EuropeanCaller, &'static str> {
    EuropeanCaller::judge(claims, &expected()).map_err(|error| error.code())
}

#[test]
fn a_european_business_is_read_by_its_own_judge() {
    let caller = judge(&claims(CONSUMER, "")).unwrap();
    assert_eq!((caller.register.as_str(), caller.country.as_str(), caller.number.as_str()), ("NTR", "SE", "5560001111"));
    assert_eq!((caller.id.as_str(), caller.qualified, caller.name.as_deref()), ("NTRSE-5560001111", true, Some("Exempel AB")));
    assert_eq!((caller.client_id.as_deref(), caller.scope.as_str()), (Some("eidas-1002"), "difi:api3"));
    for (id, register, country, number) in [
        ("VATPT-991825827", "VAT", "PT", "991825827"),
        ("PSDES-BDE-3DFD21", "PSD", "ES", "BDE-3DFD21"),
        ("EI:SE-5567971433", "EI:", "SE", "5567971433"),
    ] {
        let found = judge(&claims(&CONSUMER.replace("NTRSE-5560001111", id), "")).unwrap();
        assert_eq!((found.register.as_str(), found.country.as_str(), found.number.as_str()), (register, country, number));
    }
    assert!(judge(&claims(&CONSUMER.replace("etsi-en-319-412", "etsi_en_119_612"), "")).is_ok());
    for means in ["CForESeal", "QRForeSeals", "private_key_jwt"] {
        assert!(!judge(&claims(CONSUMER, "").replace("QCForESeal", means)).unwrap().qualified, "{means}");
    }
}

#[test]
fn neither_kind_of_consumer_is_taken_for_the_other() {
    let norwegian = r#"{"authority":"iso6523-actorid-upis","ID":"0192:991825827"}"#;
    assert!(AccessToken::judge(&claims(norwegian, ""), &expected()).is_ok());
    assert_eq!(judge(&claims(norwegian, "")), Err("claim_refused"));
    assert_eq!(AccessToken::judge(&claims(CONSUMER, ""), &expected()).unwrap_err().code(), "claim_refused");
    // Under the other's authority it is neither.
    for odd in [CONSUMER.replace("etsi-en-319-412", "iso6523-actorid-upis"), norwegian.replace("iso6523-actorid-upis", "etsi-en-319-412")] {
        assert_eq!(judge(&claims(&odd, "")), Err("claim_refused"), "{odd}");
        assert!(AccessToken::judge(&claims(&odd, ""), &expected()).is_err(), "{odd}");
    }
    for id in ["", "NTRSE", "NTRSE-", "NTRSE-1 2", "ntrse-1", "NTRse-1", "NTRS-1", "NTRSWE-1", "NT-1", "N:RSE-1", "5560001111", "ÅTRSE-1"]
    {
        assert_eq!(judge(&claims(&CONSUMER.replace("NTRSE-5560001111", id), "")), Err("claim_refused"), "{id}");
    }
    for consumer in ["null", "\"NTRSE-5560001111\"", "{}", r#"{"authority":"etsi-en-319-412"}"#, r#"{"ID":"NTRSE-5560001111"}"#] {
        assert_eq!(judge(&claims(consumer, "")), Err("claim_refused"), "{consumer}");
    }
    let supplier = format!(r#","supplier":{norwegian}"#);
    assert_eq!(judge(&claims(CONSUMER, &supplier)), Err("claim_refused"));
    // What holds for all tokens holds here.
    for (odd, code) in [
        (claims(CONSUMER, "").replace("porten.no/", "porten.no"), "claim_refused"),
        (claims(CONSUMER, "").replace("difi:api3", "difi:api33"), "claim_refused"),
        (claims(CONSUMER, r#","aud":"https://other.example/""#), "claim_refused"),
        (claims(CONSUMER, "").replace("1700000120", "1700000000"), "jwt_expired"),
    ] {
        assert_eq!(judge(&odd), Err(code), "{odd}");
    }
}
