/**
 * Encrypted id_tokens and userinfo: a ready `decrypt` for the client's option, over WebCrypto.
 *
 * @packageDocumentation
 */
export { decrypter, type Decrypt } from "../crypto/jwe.js";
export type { CryptoKey, Jwk } from "../crypto/webcrypto.js";
export { SamtykkeError } from "../core/error.js";
