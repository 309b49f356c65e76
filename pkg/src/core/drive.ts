// The one place that carries out a machine's steps: sends, reads bodies, limits time, ends early, caps, follows no redirect, signs,
// verifies, digests, stores. It decides nothing: what came of a step goes back to the machine, and so does what went wrong.

import { seconds } from "./clock.js";
import { SamtykkeError } from "./error.js";
import { type CoreRequest, type Fetch, MAX_BODY, type Transport, header, hostOptions, request } from "./http.js";
import { keep } from "./raw.js";
import { Run, type RunStep } from "./run.js";
import { Ended, limitTime } from "./wait.js";

/** @internal A call to an API: what goes along beside what the machine says, and the answer. Its head alone is judged. */
export interface ApiCall {
  readonly headers: Headers;
  readonly body: Pick<RequestInit, "body"> & { readonly duplex?: "half" };
  response?: Response;
}

/** @internal What a machine's steps are carried out with. */
export interface Hands {
  readonly transport: Transport;
  readonly signal?: AbortSignal | null | undefined;
  /** Seconds to add to this machine's clock. */
  readonly offset?: number;
  /** Signs octets by the key of a role: `client`, `dpop`, `grant`. */
  readonly sign?: (role: string, input: string) => Promise<Uint8Array>;
  /** Finds the key for a token, and says whether its signature is right. */
  readonly verify?: (alg: string, kid: string, token: string) => Promise<boolean>;
  /** Decrypts a token that the server encrypted for the client. */
  readonly decrypt?: ((jwe: string, header: Readonly<Record<string, unknown>>) => Promise<Uint8Array>) | undefined;
  /** A call to an API, where it is one. */
  readonly call?: ApiCall;
  /** Keeps the server's newest DPoP nonce. */
  readonly nonce?: (nonce: string) => void;
  /** Stores a refresh token that came. */
  readonly store?: ((refreshToken: string) => void | Promise<void>) | undefined;
  /** Carries out what some machines alone ask for, by its name and lines. What goes wrong is trouble with storing. */
  readonly carry?: ((step: string, rest: string) => Promise<Carried>) | undefined;
}

/** @internal What came of a step: the input's name, its lines, its octets. */
export type Carried = readonly [name: string, lines?: string, octets?: Uint8Array];

/** Names of what is never sent again. Bounded: the oldest go first. */
const spent = new Set<string>();

function spend(name: string): void {
  spent.add(name);
  if (spent.size > 2000) spent.delete(spent.values().next().value!);
}

/** What a machine is told of an answer's head, beside its status. */
const HEADERS = ["content-type", "retry-after", "dpop-nonce", "www-authenticate", "cache-control"];

/** An answer: status and {@link HEADERS} as lines; the body. */
interface Answer {
  readonly status: number;
  readonly lines: string;
  readonly body: Uint8Array;
}

async function sendRequest(drive: Drive, { method, url, headers, body }: CoreRequest, signal: AbortSignal, name: string): Promise<Answer> {
  const { fetch = globalThis.fetch as Fetch } = drive.transport;
  const { call } = drive;
  const all = new Headers(call?.headers);
  if (call) for (const name in headers) all.set(name, headers[name]!);
  const init: RequestInit = { method, headers: call ? all : headers, ...call?.body, ...hostOptions(), redirect: "manual", signal };
  if (body !== undefined) init.body = body;
  const response = await fetch.call(undefined, url, init);
  const { status } = response;
  if (response.type === "opaqueredirect" || response.redirected) throw new Ended("redirected", status);
  // What was sent with it is spent, whatever becomes of the rest.
  if (name && status === 200) spend(name);
  drive.begun = status;
  const [type, retry, ...others] = HEADERS.map((name) => header(response, name));
  const lines = `${[status, type, seconds(retry), ...others].join("\n")}\n`;
  if (call) {
    call.response = response;
    return { status, lines, body: new Uint8Array(0) };
  }
  let octets: Uint8Array | undefined;
  try {
    octets = await whole(response, MAX_BODY);
  } catch (cause) {
    throw new Ended("cut", status, cause);
  }
  if (!octets) throw new Ended("too_large", status);
  return { status, lines, body: octets };
}

/** A body of at most `most` octets; nothing for a longer one, which is cut off where it gets too long. */
async function whole(response: Response, most: number): Promise<Uint8Array | undefined> {
  const length = response.headers.get("content-length");
  const reader = length === null || +length > most || response.headers.has("content-encoding") ? response.body?.getReader() : undefined;
  if (!reader) {
    const octets = new Uint8Array(await response.arrayBuffer());
    return octets.length > most ? undefined : octets;
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) {
      // Not waited for: a stream that never ends need not end its cancelling either.
      reader.cancel().catch(() => {});
      return undefined;
    }
    chunks.push(value);
  }
  if (chunks.length === 1) return chunks[0];
  const octets = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    octets.set(chunk, at);
    at += chunk.length;
  }
  return octets;
}

/** Says that a step could not be carried out. What the machine throws then, or once it has cleared up, gets its cause. */
function failStep(drive: Drive, why: string, cause: unknown): RunStep {
  const ended = cause instanceof Ended ? cause : undefined;
  drive.cause = cause;
  return drive.run.step("failed", `${ended?.why ?? why}\n${ended?.status ?? ""}\n`);
}

/** What is thrown for a machine's error. */
function because(error: unknown, cause: unknown): unknown {
  // An error of ours says more than the machine can know, but not what was spent on the way.
  if (cause instanceof SamtykkeError) {
    const { retryable, action } = error as SamtykkeError;
    return retryable || !cause.retryable ? cause : new SamtykkeError({ ...cause, retryable, ...(action === "restart" && { action, hint: "" }) }, { cause });
  }
  const first = cause instanceof Ended ? cause.cause : cause;
  if (first !== undefined) Object.defineProperty(error, "cause", { value: first, writable: true, configurable: true });
  return error;
}

/** A run on its way. */
interface Drive extends Hands {
  readonly run: Run;
  /** Whether something was sent. */
  sent: boolean;
  /** The status of the last answer that began. */
  begun: number;
  /** The last answer, where it cannot be asked for again. */
  answer?: Answer | undefined;
  /** Why the last step that could fail did. */
  cause?: unknown;
}

/** Steps by which a machine clears up after a failure. */
const CLEARING = ["keep", "unlock"];

async function sent(drive: Drive, text: string): Promise<RunStep> {
  const { run, transport, signal, call } = drive;
  const end = text.indexOf("\n");
  const name = text.slice(1, end);
  const core = request(text.slice(end + 1));
  // A second sending is the machine's own doing: the same request with the nonce that the server asked for.
  if (name && !drive.sent && spent.has(name)) return failStep(drive, "used", undefined);
  if (signal?.aborted) return failStep(drive, "aborted", new Ended("aborted", 0, signal.reason));
  drive.sent = true;
  drive.begun = 0;
  if (name && text[0] === "s") spend(name);
  // Let go of an API's refusal, so that its connection can be used again; nobody waits for that.
  call?.response?.body?.cancel().catch(() => {});
  const controller = new AbortController();
  const stop = (reason?: unknown) => controller.abort(reason);
  // The body that follows a head is the caller's to end. One that follows the caller's signal holds on to nothing when the body has
  // ended, which nobody tells; an old runtime has none.
  const follows = call && signal && AbortSignal.any ? AbortSignal.any([controller.signal, signal]) : controller.signal;
  let answer: Answer;
  try {
    answer = await limitTime(sendRequest(drive, core, follows, name), { timeout: transport.timeout, signal }, stop);
  } catch (cause) {
    const stalled = drive.begun && (cause as Partial<Ended>).why === "timeout";
    return failStep(drive, "network", stalled ? new Ended("stalled", drive.begun) : cause);
  }
  if (call && follows === controller.signal) signal?.addEventListener("abort", () => stop(signal.reason));
  drive.answer = core.repeatable || call ? undefined : answer;
  try {
    return run.step("response", answer.lines, answer.body);
  } finally {
    if (name && run.keeps) spent.delete(name);
  }
}

/** Steps that sign or verify, and what a failure of theirs is. */
const TROUBLE: Readonly<Record<string, string>> = { sign: "signer", find: "network", verify: "network", digest: "network", decrypt: "decrypter" };

/** What came of a step that sends nothing. */
async function carryOut({ transport, signal, sign, verify, store, decrypt, carry }: Drive, { name, rest }: RunStep): Promise<Carried> {
  const limits = { timeout: transport.timeout, signal };
  if (name === "store") {
    // Not the caller's to end: what it replaces is spent.
    await limitTime(Promise.resolve(rest).then(store), { timeout: transport.timeout });
    return ["stored"];
  }
  if (!TROUBLE[name]) return carry!(name, rest);
  const [first, ...others] = rest.split("\n");
  const text = others.pop()!;
  if (name === "sign") return ["signature", "", await limitTime(sign!(first!, text), limits)];
  if (name === "decrypt")
    return [
      "plaintext",
      "",
      await limitTime(
        Promise.resolve(text).then((jwe) => decrypt!(jwe, JSON.parse(first!))),
        limits,
      ),
    ];
  if (name === "digest") return ["digest", "", new Uint8Array(await limitTime(crypto.subtle.digest(first!, new TextEncoder().encode(text)), limits))];
  const [kid, signature] = others as [string, string];
  return ["verdict", (await limitTime(verify!(first!, kid, `${text}.${signature}`), limits)) ? "1" : ""];
}

/** Carries out a step that is not the last, and gives the next. */
async function next(drive: Drive, step: RunStep): Promise<RunStep> {
  const { name, rest } = step;
  if (!CLEARING.includes(name)) drive.cause = undefined;
  if (name === "send") return sent(drive, rest);
  let input: Carried;
  try {
    input = await carryOut(drive, step);
  } catch (cause) {
    // One error whatever was wrong with a token, but for the time limit and the caller's signal.
    return failStep(drive, TROUBLE[name] ?? "store", name !== "decrypt" || cause instanceof Ended ? cause : undefined);
  }
  return drive.run.step(...input);
}

/** @internal Makes the machine of an operation and its lines, and drives it to its outcome. */
export async function drive(operation: string, lines: string, hands: Hands, randomness?: number): Promise<string> {
  const run = new Run(operation, lines, hands.offset, randomness);
  const drive: Drive = { ...hands, run, sent: false, begun: 0 };
  try {
    let step = run.first();
    while (step.name !== "done") step = await next(drive, step);
    return step.rest;
  } catch (thrown) {
    const error = because(thrown, drive.cause);
    const { answer } = drive;
    // What cannot be asked for again is not lost with the error.
    if (answer) keep(error, answer.status, answer.body);
    throw error;
  } finally {
    run.end();
    if (run.nonce) hands.nonce?.(run.nonce);
  }
}
