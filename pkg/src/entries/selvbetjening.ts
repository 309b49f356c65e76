/**
 * Selvbetjening, the self-service of HelseID: drafts, confirmation, access, settings and keys of clients. For servers and
 * programs, beside `samtykke/helseid` or `samtykke`, whose client gets the tokens.
 *
 * @packageDocumentation
 */
export {
  SELVBETJENING_RESOURCE,
  SELVBETJENING_SCOPE,
  Selvbetjening,
  type SelvbetjeningClient,
  type Connection,
  type Identity,
  type Login,
  type SelvbetjeningEnvironment,
  type SelvbetjeningOptions,
} from "../providers/selvbetjening/service.js";
export type { Pause, SelvbetjeningCall, WaitOptions } from "../providers/selvbetjening/driving.js";
export type { AccessStatus, ClientClaim, ClientDraft, ClientSettings, CurrentClient, Delegation, ListedKey } from "../providers/selvbetjening/records.js";
export {
  Enrolment,
  jwkKeys,
  type AbandonedKey,
  type BeginOptions,
  type EnrolmentKeeping,
  type EnrolmentStore,
  type KeyMaker,
  type KeyTimes,
  type Rotation,
} from "../providers/selvbetjening/enrolment.js";
export { confirmRoute, type RouteOptions } from "../providers/selvbetjening/confirm_route.js";
export { loopback, type LoopbackOptions, type Receiver } from "../providers/selvbetjening/loopback.js";
export { SamtykkeError } from "../core/error.js";
