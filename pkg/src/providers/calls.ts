// What the machines of the providers' own calls ask of their caller: a token, what becomes of a text, a wait.

import { assertGiven } from "../core/check.js";
import { type Carried, type Hands, drive } from "../core/drive.js";
import { Ended, LONGEST, limitTime } from "../core/wait.js";

/** @internal What such a machine is carried out with. */
export interface Asked extends Pick<Hands, "transport" | "signal"> {
  /** Gets a token for a call: another than the one that was refused, with the scope that the call needs where that is known. */
  readonly token: string | ((refused: string | undefined, scope: string) => string | Promise<string>);
  /** Says what becomes of a text of JSON: another. */
  readonly ask?: (json: string) => Promise<string>;
}

const encoder = new TextEncoder();

/** @internal Waits for a machine that asks for so many milliseconds. */
export async function pause(milliseconds: string, signal: AbortSignal | null | undefined): Promise<Carried> {
  await limitTime(new Promise(() => {}), { timeout: Number(milliseconds) / 1000, signal }).catch((ended: Ended) => {
    if (ended.why !== "timeout") throw ended;
  });
  return ["slept"];
}

/** @internal Makes the machine of a provider's call, and drives it to its outcome. */
export function calls(operation: string, lines: string, { token, ask, ...hands }: Asked): Promise<string> {
  const limits = { timeout: LONGEST, signal: hands.signal };
  let own: { readonly cause: unknown } | undefined;
  const carry = async (step: string, rest: string): Promise<Carried> => {
    if (step === "token") {
      const [scope, refused] = rest.split("\n") as [string, string];
      const got = await limitTime(
        Promise.resolve(refused || undefined).then((refused) => (typeof token === "function" ? token(refused, scope) : token)),
        limits,
      );
      assertGiven(typeof got === "string", "api", "an access token: a text");
      return ["token", "", encoder.encode(got)];
    }
    if (step === "ask") return ["answered", "", encoder.encode(await limitTime(ask!(rest), limits))];
    return pause(rest, hands.signal);
  };
  const carried = (step: string, rest: string) =>
    carry(step, rest).catch((cause: unknown) => {
      if (!(cause instanceof Ended)) own = { cause };
      throw cause;
    });
  // What the caller's own functions throw is thrown on as it is.
  return drive(operation, lines, { ...hands, carry: carried }).catch((error: unknown) => {
    throw own ? own.cause : error;
  });
}
