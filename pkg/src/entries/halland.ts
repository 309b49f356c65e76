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
} from "../providers/halland/provider.js";
export type { Provider } from "../protocol/page_provider.js";
export type { HttpAnswer } from "../protocol/answer.js";
export type { RefusableToken } from "../providers/guarded_fetch.js";
export { SamtykkeError } from "../core/error.js";
