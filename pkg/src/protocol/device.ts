// A login on another device (RFC 8628): a short code for the person, and a poll at the pace the server asks for.

import { SamtykkeError, hostError } from "../core/error.js";
import { now } from "../core/clock.js";
import { hideSecrets } from "../core/hidden.js";
import { type Party, ask, endpointOf } from "./party.js";
import { type TokenTarget, targetLines } from "./target.js";
import { sleep } from "../core/sleep.js";
import { type Tokens, tokensOf } from "./tokens.js";

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
  const { signal } = target;
  const at = endpointOf(party, "deviceAuthorizationEndpoint");
  const device = JSON.parse(await ask(party, "device", [scope, ...targetLines(target)], { signal, at })) as DeviceAuthorization;
  return hideSecrets({ ...device, expiresAt: now() + device.expiresIn }, "DeviceAuthorization");
}

/** @internal Polls until the person is done. */
export async function devicePoll(party: Party, device: DeviceAuthorization, target: TokenTarget): Promise<Tokens> {
  const { signal } = target;
  let { interval } = device;
  let longer = 0;
  for (;;) {
    await sleep(Math.max(interval, longer) * 1000, "token", signal);
    longer = 0;
    if (now() >= device.expiresAt) throw hostError("device_code_expired");
    try {
      const polled = await ask(party, "poll", [device.deviceCode, device.requestedScope, ...targetLines(target)], { signal });
      if (polled.startsWith("slow_down ")) {
        interval += 5;
        longer = +polled.slice(10);
      } else if (polled !== "pending") return tokensOf(polled);
    } catch (error) {
      // A connection that broke may mean a server under load (RFC 8628 section 3.5).
      if (!(error instanceof SamtykkeError) || (error.code !== "network_error" && error.code !== "timeout")) throw error;
      interval *= 2;
    }
    interval = Math.min(interval, LONGEST);
  }
}
