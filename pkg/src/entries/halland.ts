/**
 * Region Halland: AD FS, the gateway with its Subscriber Key, and AD FS' own error codes.
 *
 * @packageDocumentation
 */
export { HallandApi, halland, hallandRules, judgeRefusal, type HallandApiOptions, type HallandOptions } from "../providers/halland/provider.js";
export {
  accessTokenIssuer,
  adfsFetch,
  adfsKeys,
  adfsTarget,
  certificateTimes,
  currentKey,
  msis,
  refreshExpiresIn,
  requestId,
  type CertificateTimes,
  type CurrentKey,
  type Msis,
} from "../providers/adfs/provider.js";
export type { Provider } from "../protocol/page_provider.js";
export type { Development } from "../core/development.js";
export type { HttpAnswer } from "../protocol/answer.js";
export type { RefusableToken } from "../providers/guarded_fetch.js";
export { SamtykkeError } from "../core/error.js";
