/**
 * Region Halland: AD FS, the gateway with its Subscriber Key, and AD FS' own error codes.
 *
 * @packageDocumentation
 */
export {
  HallandApi,
  accessTokenIssuer,
  adfsFetch,
  adfsKeys,
  adfsRules,
  certificateTimes,
  currentKey,
  halland,
  hallandTarget,
  judgeRefusal,
  msis,
  refreshExpiresIn,
  requestId,
  type CertificateTimes,
  type CurrentKey,
  type HallandApiOptions,
  type HallandOptions,
  type Msis,
} from "../halland.js";
export type { Provider } from "../flow.js";
export { fromPkcs1 } from "../pkcs1.js";
export type { RefusableToken } from "../provider_fetch.js";
export { SamtykkeError } from "../error.js";
