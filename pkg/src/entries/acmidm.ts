/**
 * ACM/IDM Vlaanderen, and eLys (formerly DAO) behind it.
 *
 * @packageDocumentation
 */
export {
  ElysApi,
  acmIdmLogin,
  acmidm,
  delegate,
  elys,
  grantedAudience,
  loginMeans,
  switchIdentity,
  type AcmIdmEnvironment,
  type AcmIdmLogin,
  type AcmIdmOptions,
  type Delegation,
  type ElysActor,
  type ElysEnvironment,
  type ElysEnvironmentName,
  type ElysOptions,
  type GrantedAudience,
  type PingExpectation,
  type PingMismatch,
  type PingReport,
} from "../providers/acmidm/provider.js";
export type { Provider } from "../protocol/page_provider.js";
export type { RefusableToken } from "../providers/guarded_fetch.js";
export { SamtykkeError } from "../core/error.js";
