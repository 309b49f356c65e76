/**
 * Private keys in PKCS#12 (`.p12`, `.pfx`), made into what `SigningKey.fromPem` reads. Needs `node-forge` beside this package.
 *
 * @packageDocumentation
 */
export { readPkcs12 } from "../crypto/pkcs12.js";
export { SamtykkeError } from "../core/error.js";
