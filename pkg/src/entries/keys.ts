/**
 * Private keys as people have them: PKCS#1, SEC1 and encrypted PKCS#8, made into what `SigningKey.fromPem` reads.
 *
 * @packageDocumentation
 */
export { readKey } from "../crypto/private_key.js";
export { SamtykkeError } from "../core/error.js";
