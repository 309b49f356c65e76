//! What a server encrypted for the client, decrypted: by whoever holds the key, or by the host's WebCrypto.
//!
//! RFC 7516 section 5.2, RFC 7518 sections 4.3, 4.6, 5.2 and 5.3. The core has judged header, algorithm and encoding, and judges what
//! is inside. Refuses keys that decrypt nothing; whatever is wrong with a token is one and the same nothing (RFC 7516 section 11.5).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;

use js_sys::{Array, Object, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use zeroize::Zeroizing;

use super::drawn;
use super::webcrypto::{refused, refused_by, set, subtle};
use crate::Secret;
use crate::flow::step::DecryptRequest;
use crate::ground::error::Result;
use crate::ground::json::Value;
use crate::ground::sha256::digest;
use crate::ground::text::{base64url_decode, equal};

/// What comes of a token; `None` for whatever may be wrong with it.
pub type Decrypting<'a> = Pin<Box<dyn Future<Output = Option<Secret>> + 'a>>;

/// Whoever holds the key for which the server encrypts tokens.
///
/// ```no_run,standalone_crate
/// use samtykke::fetch::{Decrypter, Decrypting};
/// use samtykke::flow::step::DecryptRequest;
/// use samtykke::Secret;
/// # async fn ask_the_module(_: &str) -> Option<String> { None }
/// struct Module;
///
/// impl Decrypter for Module {
///     fn decrypt<'a>(&'a self, request: &'a DecryptRequest) -> Decrypting<'a> {
///         Box::pin(async move { ask_the_module(request.token.expose()).await.map(Secret::new) })
///     }
/// }
/// ```
pub trait Decrypter {
    /// What is in the token, by its `alg` and `enc`, which are of those that the client is registered with; `None` for whatever may
    /// be wrong with it: no difference may be seen from outside (RFC 7516 section 11.5).
    fn decrypt<'a>(&'a self, request: &'a DecryptRequest) -> Decrypting<'a>;
}

/// Private keys for RSA-OAEP-256 and ECDH-ES, with A256GCM and A128CBC-HS256, by the host's WebCrypto. A cheap clone, `Send + Sync`: it
/// holds JWKs, read anew for each token. `Debug` shows nothing.
///
/// ```no_run,standalone_crate
/// use samtykke::fetch::{Client, WebDecrypter};
/// use samtykke::jose::Encryption;
/// use samtykke::{Profile, Registration, Result};
/// # async fn client(mut profile: Profile, jwk: &str) -> Result<Client> {
/// profile.requests.encryption = Some(Encryption::new(&["RSA-OAEP-256"], &["A256GCM"])?);
/// let registration = Registration::new(profile, "client-1", "https://rp.example/cb")?;
/// Ok(Client::new(registration).decrypter(WebDecrypter::from_jwks(&[jwk]).await?))
/// # }
/// ```
#[derive(Clone)]
pub struct WebDecrypter(Arc<Vec<Held>>);

/// A key: its JWK, its id, and its curve where it has one.
struct Held {
    jwk: Secret,
    kid: Option<String>,
    curve: Option<&'static str>,
}

impl core::fmt::Debug for WebDecrypter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("WebDecrypter(…)")
    }
}

impl WebDecrypter {
    /// Private JWKs, each tried once; of several that fit, the token's `kid` chooses.
    ///
    /// # Errors
    /// `key_refused` saying what was expected, also for none.
    pub async fn from_jwks(jwks: &[&str]) -> Result<Self> {
        let mut held = Vec::new();
        for jwk in jwks {
            let key = Held::read(jwk)?;
            key.import().await.map_err(|cause| refused_by(&cause))?;
            held.push(key);
        }
        if held.is_empty() { Err(unfit()) } else { Ok(Self(Arc::new(held))) }
    }

    /// The one that a token is for.
    fn chosen(&self, alg: &str, kid: Option<&str>, curve: Option<&str>) -> Option<&Held> {
        let fits = |held: &&Held| match alg {
            "RSA-OAEP-256" => held.curve.is_none(),
            "ECDH-ES" => held.curve.is_some() && held.curve == curve,
            _ => false,
        };
        let mut fitting = self.0.iter().filter(fits);
        let named = self.0.iter().filter(fits).find(|held| kid.is_some() && held.kid.as_deref() == kid);
        named.or_else(|| fitting.next().filter(|_| fitting.next().is_none()))
    }

    async fn opened(&self, request: &DecryptRequest) -> Option<Secret> {
        let parts: Vec<_> = request.token.expose().split('.').collect();
        let [first, encrypted, iv, text, tag] = parts[..] else { return None };
        let [encrypted, iv, text, tag] = [encrypted, iv, text, tag].map(base64url_decode);
        let (encrypted, iv, text, tag) = (encrypted?, iv?, text?, tag?);
        let header = Value::parse(&request.header)?;
        let epk = header.get("epk");
        let held = self.chosen(&request.alg, request.kid.as_deref(), epk.and_then(|epk| epk.text("crv")))?;
        let length = match request.enc.as_str() {
            "A256GCM" | "A128CBC-HS256" => 32,
            _ => return None,
        };
        let key = match (held.curve, epk) {
            (None, _) => held.unwrapped(&encrypted, length).await?,
            (Some(curve), Some(epk)) if encrypted.is_empty() => held.agreed(curve, epk, &header, &request.enc, length).await?,
            _ => return None,
        };
        let sealed = Sealed { iv: &iv, text: &text, tag: &tag, aad: first.as_bytes() };
        let octets = if request.enc == "A256GCM" { by_gcm(&key, &sealed).await? } else { by_cbc(&key, &sealed).await? };
        // What is signed inside is text; what is not is wiped like what is.
        String::from_utf8(octets).map(Secret::new).map_err(|error| zeroize::Zeroize::zeroize(&mut error.into_bytes())).ok()
    }
}

impl Decrypter for WebDecrypter {
    fn decrypt<'a>(&'a self, request: &'a DecryptRequest) -> Decrypting<'a> {
        Box::pin(self.opened(request))
    }
}

/// Content and what belongs to it.
struct Sealed<'a> {
    iv: &'a [u8],
    text: &'a [u8],
    tag: &'a [u8],
    /// The header as it came.
    aad: &'a [u8],
}

/// A key of the content, wiped when it goes.
type ContentKey = Zeroizing<Vec<u8>>;

impl Held {
    fn read(jwk: &str) -> Result<Self> {
        let value = Value::parse(jwk).ok_or_else(unfit)?;
        let text = |name| value.text(name);
        let curve = match (text("kty"), text("crv")) {
            (Some("EC"), Some(crv)) => Some(["P-256", "P-384", "P-521"].into_iter().find(|curve| *curve == crv).ok_or_else(unfit)?),
            (Some("RSA"), _) if text("n").and_then(base64url_decode).is_some_and(|modulus| modulus.len() >= 256) => None,
            _ => return Err(unfit()),
        };
        if text("d").is_none() || text("use").is_some_and(|purpose| purpose != "enc") {
            return Err(unfit());
        }
        Ok(Self { jwk: Secret::new(jwk), kid: text("kid").map(String::from), curve })
    }

    async fn import(&self) -> core::result::Result<JsValue, JsValue> {
        let value = Value::parse(self.jwk.expose()).unwrap_or(Value::Null);
        // Members of the key alone: what vendors add to a JWK is none of WebCrypto's business.
        let names: &[&str] = if self.curve.is_some() { EC } else { &["kty", "n", "e", "d", "p", "q", "dp", "dq", "qi"] };
        match self.curve {
            Some(curve) => import("jwk", &members(&value, names), &ecdh(curve), "deriveBits").await,
            None => import("jwk", &members(&value, names), &object(&[("name", "RSA-OAEP"), ("hash", "SHA-256")]), "decrypt").await,
        }
    }

    /// The content's key, decrypted. One that cannot be, or has another length, is one that decrypts nothing.
    async fn unwrapped(&self, encrypted: &[u8], length: usize) -> Option<ContentKey> {
        let key = self.import().await.ok()?;
        let mut none = Zeroizing::new(alloc::vec![0; length]);
        drawn(&mut none).ok()?;
        let found = subtle("decrypt", &[&object(&[("name", "RSA-OAEP")]), &key, &Uint8Array::from(encrypted)]).await;
        Some(found.map_or(none.clone(), |found| {
            let found = taken(&found);
            if found.len() == length { found } else { none }
        }))
    }

    /// The content's key, agreed on with the sender's, for the content itself (RFC 7518 section 4.6).
    async fn agreed(&self, curve: &str, epk: &Value<'_>, header: &Value<'_>, enc: &str, length: usize) -> Option<ContentKey> {
        if epk.text("kty") != Some("EC") {
            return None;
        }
        // WebCrypto refuses a point that is not on the curve.
        let theirs = import("jwk", &members(epk, &["kty", "crv", "x", "y"]), &ecdh(curve), "").await.ok()?;
        let parameters = object(&[("name", "ECDH")]);
        set(&parameters, "public", &theirs);
        // The whole coordinate, 528 bits of P-521 and not 521.
        let bits = match curve {
            "P-256" => 256,
            "P-384" => 384,
            _ => 528,
        };
        let own = self.import().await.ok()?;
        let secret = taken(&subtle("deriveBits", &[&parameters, &own, &JsValue::from(bits)]).await.ok()?);
        let mut input = Zeroizing::new(Vec::new());
        input.extend_from_slice(&1u32.to_be_bytes());
        input.extend_from_slice(&secret);
        push_prefixed(&mut input, enc.as_bytes());
        for party in ["apu", "apv"] {
            push_prefixed(&mut input, &header.text(party).map_or(Some(Vec::new()), base64url_decode)?);
        }
        input.extend_from_slice(&u32::try_from(length.checked_mul(8)?).ok()?.to_be_bytes());
        digest(&input).get(..length).map(|key| Zeroizing::new(key.to_vec()))
    }
}

const EC: &[&str] = &["kty", "crv", "d", "x", "y"];

/// Octets after their length, as the derivation of keys has them (NIST SP 800-56A section 5.8.1.2).
fn push_prefixed(out: &mut Vec<u8>, octets: &[u8]) {
    out.extend_from_slice(&u32::try_from(octets.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(octets);
}

async fn by_gcm(key: &[u8], sealed: &Sealed<'_>) -> Option<Vec<u8>> {
    let Sealed { iv, text, tag, aad } = sealed;
    if iv.len() != 12 || tag.len() != 16 {
        return None;
    }
    let key = import("raw", &Uint8Array::from(key), &object(&[("name", "AES-GCM")]), "decrypt").await.ok()?;
    let parameters = object(&[("name", "AES-GCM")]);
    set(&parameters, "iv", &Uint8Array::from(*iv));
    set(&parameters, "additionalData", &Uint8Array::from(*aad));
    let whole = [*text, *tag].concat();
    let plain = subtle("decrypt", &[&parameters, &key, &Uint8Array::from(&whole[..])]).await.ok()?;
    Some(Uint8Array::new(&plain).to_vec())
}

async fn by_cbc(key: &[u8], sealed: &Sealed<'_>) -> Option<Vec<u8>> {
    let Sealed { iv, text, tag, aad } = sealed;
    let (mac, key) = key.split_at_checked(16)?;
    let bits = u64::try_from(aad.len()).ok()?.checked_mul(8)?;
    let signed = [*aad, *iv, *text, &bits.to_be_bytes()].concat();
    let mac = import("raw", &Uint8Array::from(mac), &object(&[("name", "HMAC"), ("hash", "SHA-256")]), "sign").await.ok()?;
    let signed = taken(&subtle("sign", &[&"HMAC".into(), &mac, &Uint8Array::from(&signed[..])]).await.ok()?);
    if iv.len() != 16 || !equal(signed.get(..16)?, tag) {
        return None;
    }
    let key = import("raw", &Uint8Array::from(key), &object(&[("name", "AES-CBC")]), "decrypt").await.ok()?;
    let parameters = object(&[("name", "AES-CBC")]);
    set(&parameters, "iv", &Uint8Array::from(*iv));
    let plain = subtle("decrypt", &[&parameters, &key, &Uint8Array::from(*text)]).await.ok()?;
    Some(Uint8Array::new(&plain).to_vec())
}

/// Imports a key that cannot be read out, for one use or none.
async fn import(format: &str, key: &JsValue, parameters: &Object, purpose: &str) -> core::result::Result<JsValue, JsValue> {
    let uses = if purpose.is_empty() { Array::new() } else { Array::of1(&purpose.into()) };
    let imported = subtle("importKey", &[&format.into(), key, parameters, &JsValue::FALSE, &uses]).await;
    if format == "raw" {
        let octets: &Uint8Array = key.unchecked_ref();
        octets.fill(0, 0, octets.length());
    }
    imported
}

/// What the host gave, its own copy wiped.
fn taken(buffer: &JsValue) -> ContentKey {
    let octets = Uint8Array::new(buffer);
    let taken = Zeroizing::new(octets.to_vec());
    octets.fill(0, 0, octets.length());
    taken
}

fn ecdh(curve: &str) -> Object {
    object(&[("name", "ECDH"), ("namedCurve", curve)])
}

fn object(members: &[(&str, &str)]) -> Object {
    let object = Object::new();
    for (name, value) in members {
        set(&object, name, &JsValue::from_str(value));
    }
    object
}

/// These members of a JWK, where they are texts.
fn members(jwk: &Value<'_>, names: &[&str]) -> Object {
    let texts: Vec<_> = names.iter().filter_map(|name| jwk.text(name).map(|text| (*name, text))).collect();
    object(&texts)
}

fn unfit() -> crate::Error {
    refused("a private key to decrypt with: RSA of 2048 bits or more (RSA-OAEP-256), or EC on P-256, P-384 or P-521 (ECDH-ES)")
}
