//! The host's WebCrypto: keys that cannot be read out, and signatures of any algorithm verified.
//!
//! WebCrypto sections 14 and 18, RFC 7518 section 3, RFC 8037. Every key is checked by the core before the host sees it.
//! Refuses keys that can be read out where a page makes them, halves that do not belong together, and what the host lacks.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;

use js_sys::futures::JsFuture;
use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::JsValue;

use super::host::{call, get, name_of};
use crate::flow::step::VerifyRequest;
use crate::ground::error::{Error, Kind, Result, codes};
use crate::ground::json::Value;
use crate::jose::alg::{Algorithm, Family, Hash};
use crate::jose::{Jwk, KeyInfo, der};

/// A signature on its way.
pub type Signing<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>>> + 'a>>;

/// Whoever holds a private key and takes its time to sign: a key management service, a hardware module, WebCrypto.
///
/// ```no_run,standalone_crate
/// use samtykke::fetch::{AsyncSigner, Signing};
/// use samtykke::jose::KeyInfo;
/// # async fn ask_the_module(_: &[u8]) -> samtykke::Result<Vec<u8>> { Ok(Vec::new()) }
/// struct Module {
///     info: KeyInfo,
/// }
///
/// impl AsyncSigner for Module {
///     fn info(&self) -> &KeyInfo {
///         &self.info
///     }
///
///     fn sign<'a>(&'a self, input: &'a [u8]) -> Signing<'a> {
///         Box::pin(ask_the_module(input)) // for ECDSA the octets of R and S, never DER
///     }
/// }
/// ```
pub trait AsyncSigner {
    /// The key it signs with.
    fn info(&self) -> &KeyInfo;

    /// Signs octets as its algorithm says: for ECDSA the octets of R and S, never DER.
    ///
    /// # Errors
    /// `signing_failed`.
    fn sign<'a>(&'a self, input: &'a [u8]) -> Signing<'a>;
}

/// A key in the host's WebCrypto. It cannot be read out, neither by this program nor by a script beside it.
///
/// ```no_run,standalone_crate
/// # use samtykke::fetch::{self, Keys, Transport, WebKey};
/// # use samtykke::{AuthorizationRequest, ClientAuthentication, Login, Registration, Result, jose::Algorithm};
/// # use samtykke::flow::login::Start;
/// async fn begin(client: &Registration, jwk: &str) -> Result<Login> {
///     let key = WebKey::from_jwk(jwk, Algorithm::from_name("PS256").unwrap()).await?;
///     let dpop = WebKey::generate(Algorithm::from_name("ES256").unwrap()).await?;
///     let authentication = ClientAuthentication::private_key_jwt(key.info().clone());
///     let start = Start::new().dpop(dpop.info(), None);
///     let mut exchange = fetch::login(client, &authentication, AuthorizationRequest::new("openid"), start)?;
///     Transport::new().drive(&mut exchange, &Keys::new().client_async(&key).dpop_async(&dpop)).await
/// }
/// ```
#[derive(Clone)]
pub struct WebKey {
    info: KeyInfo,
    private: JsValue,
    public: JsValue,
}

impl core::fmt::Debug for WebKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("WebKey(…)")
    }
}

impl WebKey {
    /// A new key; RSA of 3072 bits.
    ///
    /// # Errors
    /// `algorithm_refused` where the host lacks the algorithm.
    pub async fn generate(alg: &'static Algorithm) -> Result<Self> {
        let parameters = import_parameters(alg);
        set(&parameters, "modulusLength", &JsValue::from(3072));
        set(&parameters, "publicExponent", &Uint8Array::from(&[1u8, 0, 1][..]));
        let uses = Array::of2(&"sign".into(), &"verify".into());
        let pair = subtle("generateKey", &[&parameters, &JsValue::FALSE, &uses]).await.map_err(|cause| refused_by(&cause))?;
        Self::from_crypto_keys(get(&pair, "privateKey"), get(&pair, "publicKey"), alg).await
    }

    /// A private key from its JWK; its copy in WebCrypto cannot be read out, and the text is yours to wipe.
    ///
    /// # Errors
    /// `key_refused` saying what was expected; `algorithm_refused`.
    pub async fn from_jwk(json: &str, alg: &'static Algorithm) -> Result<Self> {
        let value = Value::parse(json).ok_or_else(|| refused("one JSON object, no member twice"))?;
        let info = KeyInfo::new(alg, Jwk::public_part(&value)?)?;
        // The members of the key alone: what else a JWK says of its use is the core's to judge.
        let members = Object::new();
        for name in ["kty", "crv", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi"] {
            if let Some(text) = value.text(name) {
                set(&members, name, &JsValue::from_str(text));
            }
        }
        if value.text("d").is_none() {
            return Err(refused("a private key: with d"));
        }
        let private = import("jwk", &members, alg, false, "sign").await?;
        Self::paired(info, private).await
    }

    /// A private key from PEM (PKCS#8, unencrypted), to sign with an algorithm that fits it.
    ///
    /// # Errors
    /// As [`from_jwk`](Self::from_jwk).
    pub async fn from_pem(pem: &str, alg: &'static Algorithm) -> Result<Self> {
        let mut blocks = der::blocks(pem)?.into_iter();
        let (Some(der::Block { label: "PRIVATE KEY", der }), None) = (blocks.next(), blocks.next()) else {
            return Err(refused("PEM of one PRIVATE KEY, unencrypted PKCS#8 (openssl pkcs8 -topk8 -nocrypt)"));
        };
        let der = zeroize::Zeroizing::new(der);
        let octets = Uint8Array::from(&der[..]);
        // Once readable, to learn its public half, which PKCS#8 need not hold; that copy is dropped at once.
        let readable = import("pkcs8", &octets, alg, true, "sign").await?;
        let public = exported(&readable).await?;
        let private = import("pkcs8", &octets, alg, false, "sign").await;
        octets.fill(0, 0, octets.length());
        Self::paired(KeyInfo::new(alg, public)?, private?).await
    }

    /// A pair that WebCrypto made, such as one kept in IndexedDB: the private key may sign, the public one is readable.
    ///
    /// # Errors
    /// `key_refused`, also for a private key that can be read out.
    pub async fn from_crypto_keys(private: JsValue, public: JsValue, alg: &'static Algorithm) -> Result<Self> {
        if get(&private, "extractable") != JsValue::FALSE {
            return Err(refused("a private key that cannot be read out"));
        }
        let info = KeyInfo::new(alg, exported(&public).await?)?;
        Self::paired(info, private).await
    }

    /// The private and the public `CryptoKey`, for a store that can hold them (IndexedDB).
    pub fn crypto_keys(&self) -> (&JsValue, &JsValue) {
        (&self.private, &self.public)
    }

    /// What is known of it; nothing in that is secret.
    pub fn info(&self) -> &KeyInfo {
        &self.info
    }

    /// The same key, with an id or certificate: [`KeyInfo::kid`], [`KeyInfo::certificates`].
    ///
    /// # Errors
    /// What `change` gives.
    pub fn with(self, change: impl FnOnce(KeyInfo) -> Result<KeyInfo>) -> Result<Self> {
        Ok(Self { info: change(self.info)?, private: self.private, public: self.public })
    }

    /// Halves that do not belong together would only be noticed by a server, and read there as an attack.
    async fn paired(info: KeyInfo, private: JsValue) -> Result<Self> {
        let public = import_public(&info.public, info.alg).await?;
        let key = Self { info, private, public };
        let signature = key.made(b"samtykke").await?;
        if verified(key.info.alg, &key.public, b"samtykke", &signature).await? {
            return Ok(key);
        }
        Err(refused("private members that belong to the public ones"))
    }

    async fn made(&self, input: &[u8]) -> Result<Vec<u8>> {
        let input = Uint8Array::from(input);
        let made = subtle("sign", &[&use_parameters(self.info.alg), &self.private, &input]).await;
        made.map(|buffer| Uint8Array::new(&buffer).to_vec()).map_err(|cause| failed(&codes::SIGNING_FAILED, &cause))
    }
}

impl AsyncSigner for WebKey {
    fn info(&self) -> &KeyInfo {
        &self.info
    }

    fn sign<'a>(&'a self, input: &'a [u8]) -> Signing<'a> {
        Box::pin(self.made(input))
    }
}

/// Verifies what an exchange asks for: any algorithm of the table that the host has.
pub(super) async fn verify(request: &VerifyRequest) -> Result<bool> {
    let key = import_public(&request.key, request.alg).await?;
    verified(request.alg, &key, request.input.as_bytes(), &request.signature).await
}

async fn verified(alg: &Algorithm, key: &JsValue, input: &[u8], signature: &[u8]) -> Result<bool> {
    let (input, signature) = (Uint8Array::from(input), Uint8Array::from(signature));
    let outcome = subtle("verify", &[&use_parameters(alg), key, &signature, &input]).await;
    outcome.map(|right| right == JsValue::TRUE).map_err(|cause| refused_by(&cause))
}

async fn import_public(key: &Jwk, alg: &Algorithm) -> Result<JsValue> {
    let members = Object::new();
    let json = key.required_json();
    let value = Value::parse(&json).unwrap_or(Value::Null);
    for member in value.members() {
        set(&members, &member.name, &JsValue::from_str(member.value.as_str().unwrap_or_default()));
    }
    import("jwk", &members, alg, true, "verify").await
}

async fn import(format: &str, key: &JsValue, alg: &Algorithm, extractable: bool, purpose: &str) -> Result<JsValue> {
    let uses = Array::of1(&purpose.into());
    let arguments: [&JsValue; 5] = [&format.into(), key, &import_parameters(alg), &extractable.into(), &uses];
    subtle("importKey", &arguments).await.map_err(|cause| refused_by(&cause))
}

/// The public half of a key that may be read, as the core has it.
async fn exported(key: &JsValue) -> Result<Jwk> {
    let jwk = subtle("exportKey", &[&"jwk".into(), key]).await.map_err(|cause| refused_by(&cause))?;
    let mut json = crate::ground::json::Writer::new();
    for name in ["kty", "crv", "x", "y", "n", "e"] {
        json.some(name, get(&jwk, name).as_string().as_deref());
    }
    Jwk::parse(&json.take())
}

/// Calls WebCrypto. A host without it has nothing to call, which is an error like any other.
pub(super) async fn subtle(name: &str, arguments: &[&JsValue]) -> core::result::Result<JsValue, JsValue> {
    let subtle = get(&get(&js_sys::global(), "crypto"), "subtle");
    let promise = call(&subtle, name, arguments)?;
    JsFuture::from(Promise::resolve(&promise)).await
}

/// How a key is imported or made.
fn import_parameters(alg: &Algorithm) -> Object {
    let parameters = named(alg);
    match alg.family {
        Family::Ecdsa => set(&parameters, "namedCurve", &alg.crv.into()),
        Family::RsaPkcs1 | Family::RsaPss => set(&parameters, "hash", &hash(alg.hash).into()),
        Family::EdDsa | Family::Hmac => {}
    }
    parameters
}

/// How it signs.
fn use_parameters(alg: &Algorithm) -> Object {
    let parameters = named(alg);
    match alg.family {
        Family::Ecdsa => set(&parameters, "hash", &hash(alg.hash).into()),
        Family::RsaPss => set(&parameters, "saltLength", &JsValue::from(u32::try_from(alg.hash.octets()).unwrap_or_default())),
        Family::RsaPkcs1 | Family::EdDsa | Family::Hmac => {}
    }
    parameters
}

fn named(alg: &Algorithm) -> Object {
    let parameters = Object::new();
    let name = match alg.family {
        Family::RsaPkcs1 => "RSASSA-PKCS1-v1_5",
        Family::RsaPss => "RSA-PSS",
        Family::Ecdsa => "ECDSA",
        Family::EdDsa => "Ed25519",
        // No key of the table is one: those of `Algorithm::symmetric` never come here.
        Family::Hmac => "HMAC",
    };
    set(&parameters, "name", &name.into());
    parameters
}

fn hash(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha256 => "SHA-256",
        Hash::Sha384 => "SHA-384",
        Hash::Sha512 => "SHA-512",
    }
}

/// A new object takes any property.
pub(super) fn set(object: &Object, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &JsValue::from_str(name), value);
}

pub(super) fn refused(expected: &'static str) -> Error {
    Error::new(&codes::KEY_REFUSED).expected(expected)
}

fn failed(kind: &'static Kind, cause: &JsValue) -> Error {
    Error::new(kind).actual(name_of(cause))
}

/// The host lacks the algorithm, or the key is none. Its own words can hold no secret, and only its error's name is told.
pub(super) fn refused_by(cause: &JsValue) -> Error {
    let lacking = get(cause, "name").as_string().as_deref() == Some("NotSupportedError");
    let kind = if lacking { &codes::ALGORITHM_REFUSED } else { &codes::KEY_REFUSED };
    failed(kind, cause).expected("a key and an algorithm that this host's WebCrypto takes")
}
