//! Maskinporten: the facts of provider.json, which `npm run generate` writes; edit that file.
//!
//! docs.digdir.no: maskinporten_protocol_jwtgrant, maskinporten_protocol_token, maskinporten_sjolvbetjening_api, maskinporten_feilsoking

/// Name, issuer (its slash is part of it), token endpoint.
pub(super) static ENVIRONMENTS: &[[&str; 3]] = &[
    ["test", "https://test.maskinporten.no/", "https://test.maskinporten.no/token"],
    ["production", "https://maskinporten.no/", "https://maskinporten.no/token"],
];

/// Bases of the self-service API that are or were in use: name, base in test, base in production, what follows the path of the collection of clients, path of version 2.
pub(super) static BASES: &[[&str; 5]] = &[
    ["current", "https://api.test.samarbeid.digdir.no/api/v1", "https://api.samarbeid.digdir.no/api/v1", "", "/api/v2"],
    ["unversioned", "https://api.test.samarbeid.digdir.no", "https://api.samarbeid.digdir.no", "", "/api/v2"],
    ["guide", "https://integrasjon-ver2.difi.no", "https://integrasjon.difi.no", "/", ""],
];

/// What Maskinporten's errors mean: id, or words of those without one; kind; whether to ask again (never, once: with a new assertion, registration: for up to two minutes after a change there, later); what to do.
pub(super) static PROBLEMS: &[[&str; 4]] = &[
    ["MP-011", "assertion", "never", "The assertion is malformed: look for line ends or spaces in a claim."],
    ["MP-012", "reused", "once", "The assertion was used before; each request needs one of its own, also when it repeats another."],
    [
        "MP-100",
        "client",
        "registration",
        "The client is not known here: compare client id and environment; new clients take up to two minutes.",
    ],
    ["MP-110", "audience", "never", "The audience must be the issuer, slash included, of the environment that is asked."],
    [
        "MP-120",
        "certificate",
        "never",
        "The certificate is not accepted here: test wants a test certificate, production one of production.",
    ],
    ["MP-121", "key_expired", "never", "The registered key is over a year old: post it again, or a new one."],
    ["MP-122", "organisation", "never", "The certificate is another organisation's than the client."],
    ["MP-123", "header", "never", "x5c must be an array of certificates in base64."],
    [
        "MP-124",
        "signature",
        "registration",
        "The signature is not the registered key's, or the certificate has expired; new keys take up to two minutes.",
    ],
    ["MP-130", "clock", "never", "The assertion came too late: compare this machine's clock."],
    ["MP-200", "scope", "registration", "The client does not have this scope: add it to the client; changes take up to two minutes."],
    ["MP-201", "scope", "never", "The scope is not for Maskinporten: compare the integration types of scope and client."],
    ["MP-250", "access", "never", "The organisation has no access to the scope: ask the API's owner to grant it."],
    ["MP-251", "delegation", "never", "The customer has not delegated the scope to you in Altinn, or did so in the other environment."],
    ["MP-301", "details", "never", "This type of authorization details is not known; use system user or consent."],
    ["MP-302", "details", "never", "The authorization details have members that are not documented."],
    [
        "MP-303",
        "details",
        "never",
        "The authorization details fit no system user or consent: compare organisation, external reference and the system's client ids.",
    ],
    [
        "unknown key identifier",
        "signature",
        "registration",
        "The client has no key of this id: compare kid and environment; new keys take up to two minutes.",
    ],
    ["expired key", "key_expired", "never", "The registered key is over a year old: post it again, or a new one."],
    ["invalid jwt claim aud", "audience", "never", "The audience must be the issuer, slash included, of the environment that is asked."],
    ["not been granted access", "access", "never", "The organisation has no access to the scope: ask the API's owner to grant it."],
    [
        "has not delegated",
        "delegation",
        "never",
        "The customer has not delegated the scope to you in Altinn, or did so in the other environment.",
    ],
    [
        "invalid scopes for client",
        "scope",
        "registration",
        "The client does not have this scope: add it to the client; changes take up to two minutes.",
    ],
    [
        "consumer_org",
        "consumer_org",
        "never",
        "The consumer must be another organisation than the client's own, and the scope one that can be delegated.",
    ],
    ["issue time is", "clock", "never", "This machine's clock is ahead by more than ten seconds: set it, or give the offset."],
    ["too long lifetime", "assertion", "never", "An assertion lives 120 seconds at most."],
    ["jwt has expired", "clock", "never", "The assertion came too late: compare this machine's clock."],
];
