/**
 * Any AD FS: certificates named as the server wants it, one resource a token, and AD FS' own error codes.
 *
 * @packageDocumentation
 */
export {
  accessTokenIssuer,
  adfs,
  adfsFetch,
  adfsKeys,
  adfsRules,
  adfsTarget,
  certificateTimes,
  currentKey,
  msis,
  refreshExpiresIn,
  requestId,
  type AdfsKeyName,
  type AdfsOptions,
  type CertificateTimes,
  type CurrentKey,
  type Msis,
} from "../providers/adfs/provider.js";
export type { Provider } from "../protocol/page_provider.js";
export type { Development } from "../core/development.js";
export { SamtykkeError } from "../core/error.js";
