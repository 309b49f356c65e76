// A login on another device (RFC 8628): a short code for the person, and a poll at the pace the server asks for.

import { call } from "../core/wasm.js";
import { SamtykkeError, hostError } from "../core/error.js";
import { now } from "../core/clock.js";
import { type Party, type TokenTarget, post } from "./post.js";
import { sleep } from "../core/sleep.js";
import type { Tokens } from "./tokens.js";
import { hidden } from "../core/hidden.js";

/** A login that waits for the person. Printing one shows nothing; the device code is the client's own. */
export interface DeviceAuthorization {
  /** Show it to nobody. */
  readonly deviceCode: string;
  /** What the person types. */
  readonly userCode: string;
  /** Where the person types it. */
  readonly verificationUri: string;
  /** The address with the code in it, for a link or a QR code, when the server gives one. */
  readonly verificationUriComplete?: string;
  /** Seconds the codes live, from the answer on. */
  readonly expiresIn: number;
  /** When they end, in seconds since 1970. */
  readonly expiresAt: number;
  /** Seconds between polls. */
  readonly interval: number;
  readonly requestedScope: string;
}

const LONGEST = 3600;

/** @internal Asks for the codes. */
export async function deviceAuthorization(party: Party, scope: string, target: TokenTarget): Promise<DeviceAuthorization> {
  const { head, body } = await post(party, { endpoint: "deviceAuthorizationEndpoint", grant: ["device", scope], target });
  const device = JSON.parse(call(["device", ...head, scope, party.provider.flags.includes("d") ? 1 : ""], body)) as DeviceAuthorization;
  return hidden({ ...device, expiresAt: now() + device.expiresIn }, "DeviceAuthorization");
}

/** @internal Polls until the person is done. */
export async function devicePoll(device: DeviceAuthorization, poll: () => Promise<Tokens>, signal?: AbortSignal): Promise<Tokens> {
  let { interval } = device;
  for (;;) {
    await sleep(interval * 1000, "token", signal);
    if (now() >= device.expiresAt) throw hostError("device_code_expired");
    try {
      return await poll();
    } catch (error) {
      if (!(error instanceof SamtykkeError)) throw error;
      if (error.oauth?.error === "slow_down") interval += 5;
      // A connection that broke may mean a server under load (RFC 8628 section 3.5).
      else if (error.code === "network_error" || error.code === "timeout") interval *= 2;
      else if (error.oauth?.error !== "authorization_pending") throw refusal(error);
      interval = Math.min(interval, LONGEST);
    }
  }
}

function refusal(error: SamtykkeError): SamtykkeError {
  if (error.oauth?.error === "expired_token") return new SamtykkeError({ ...hostError("device_code_expired").toJSON(), oauth: error.oauth });
  if (error.oauth?.error !== "access_denied") return error;
  return new SamtykkeError({ ...error.toJSON(), action: "user_declined" });
}
