// Selvbetjening, the self-service of HelseID: drafts, the client's access and settings, its keys, delegations.
// The core words each request and judges each answer; the token and its DPoP proof come from a Client of the caller's.

import { seconds } from "../../core/clock.js";
import { type Answer, type Driven, type SelvbetjeningCall, type WaitOptions, driven, pacing } from "./driving.js";
import type { ClientDraft, CurrentClient, ClientSettings, ListedKey, Delegation } from "./records.js";
import { type Value, call, joined } from "../../core/wasm.js";
import { type Names, SIGNAL, assertConfigured, assertGiven, isObject, only } from "../../core/check.js";
import { SamtykkeError, hostError } from "../../core/error.js";
import { MAX_BODY, TRANSPORT, type Transport, checkTransport, read, request, send } from "../../core/http.js";
import type { Jwk } from "../../crypto/webcrypto.js";
import type { SigningKey } from "../../crypto/keys.js";
import type { ResourceFetch } from "../../protocol/resource.js";
import { sleep } from "../../core/sleep.js";
import { ASKING, PATIENCE, Shared, tell } from "../../core/wait.js";
import type { Tokens } from "../../protocol/tokens.js";

/** `test`, `production`, or the origins of a service of your own (https, or http on loopback). */
export type SelvbetjeningEnvironment = "test" | "production" | { readonly portal: string; readonly api: string };

/** The scope of the self-service API. A draft that names scopes has it among them. */
export const SELVBETJENING_SCOPE = "nhn:selvbetjening/client";
/** The resource of {@link SELVBETJENING_SCOPE}. */
export const SELVBETJENING_RESOURCE = "nhn:selvbetjening";

/** A client that HelseID knows, or will: its id, and the private key it authenticates with. */
export interface Identity {
  readonly clientId: string;
  readonly key: SigningKey;
}

/** What gets tokens and calls the API with them: a `Client` of `samtykke` with a DPoP key. */
export interface Connection {
  clientCredentials(options: { readonly scope: string; readonly resource: string }): Promise<Tokens>;
  fetch(tokens: Tokens, options: { readonly origins: readonly string[] }): ResourceFetch;
}

/** A {@link Connection}, or what has one at hand: `HelseId` of `samtykke/helseid`. */
export type Login = Connection | { client(): Promise<Connection> };

/** The settings of {@link Selvbetjening}. */
export interface SelvbetjeningOptions extends Transport {
  readonly environment: SelvbetjeningEnvironment;
  /** Makes the client that asks HelseID for tokens: `HelseId.connect`, or a `Client` with `private_key_jwt` and DPoP. */
  readonly login: (identity: Identity) => Login | Promise<Login>;
  /** How a new key stands in its request: a JSON string that holds the JWK (unless given), or the JWK itself. */
  readonly keyBody?: "text" | "object";
}

/** @internal A page shows its keys to whoever reads it, and to every script in it (threat k of the security profile). */
export function refusePage(): void {
  if ("document" in globalThis) throw hostError("secret_in_browser", { expected: "a server or worker: API key and private key stay out of pages" });
}

/** @internal Thumbprint, id and published form of a public key; refuses private members. */
export function publicKey(jwk: Jwk): { readonly thumbprint: string; readonly kid: string; readonly json: string } {
  assertGiven(isObject(jwk), "configuration", "a public key as JWK");
  const [thumbprint, kid, json] = call(["selvbetjening", "key"], JSON.stringify(jwk)).split("\n") as [string, string, string];
  return { thumbprint, kid, json };
}

/**
 * The service in one environment.
 *
 * @example
 * ```ts
 * const service = new Selvbetjening({ environment: "test", login: (identity) => HelseId.connect({ environment: "test", ...identity }) });
 * ```
 */
export class Selvbetjening {
  readonly #options: SelvbetjeningOptions;
  readonly #environment: string;
  readonly #origin: string;

  constructor(options: SelvbetjeningOptions) {
    assertConfigured(isObject(options), "options: { environment, login }");
    only(options, { ...TRANSPORT, environment: 1, login: 1, keyBody: 1 } satisfies Names<SelvbetjeningOptions>);
    checkTransport(options);
    const { environment, login, keyBody } = options;
    assertConfigured(typeof login === "function", "login: a function that makes a Client");
    assertConfigured(keyBody === undefined || keyBody === "text" || keyBody === "object", "keyBody: text or object");
    assertConfigured(
      typeof environment === "string" || (isObject(environment) && typeof environment.portal === "string" && typeof environment.api === "string"),
      "environment: test, production or two origins",
    );
    this.#environment = typeof environment === "string" ? environment : `${environment.portal} ${environment.api}`;
    this.#origin = call(["selvbetjening", "environment", this.#environment]).split("\n")[0]!;
    this.#options = options;
  }

  /**
   * `POST /v1/client-drafts`: creates a draft, answers its client id. Never repeated by the library. Prefer `Enrolment.begin`,
   * which stores key and id first.
   *
   * @throws {SamtykkeError} `invalid_parameter` for a field, `key_refused` for private members or a key the service does not
   * take, `secret_in_browser`; `unauthorized` for the API key; `api_error` with the property the service named in `provider.code`.
   */
  async createDraft(draft: ClientDraft, publicJwk: Jwk, options: { readonly apiKey: string } & SelvbetjeningCall): Promise<string> {
    refusePage();
    assertGiven(isObject(draft), "api", "a draft: { organizationNumber, … }");
    assertGiven(isObject(options) && typeof options.apiKey === "string" && !/[\r\n]/.test(options.apiKey), "api", "apiKey: a text of one line");
    only(options, { ...SIGNAL, apiKey: 1 }, "api");
    const { json } = publicKey(publicJwk);
    const out = request(call(["selvbetjening", "request", this.#environment, "draft", options.apiKey, json], JSON.stringify(draft)));
    const { head, body } = await send(out, "api", this.#options, options.signal);
    return call(["selvbetjening", "answer", "draft", "", ...head], body);
  }

  /** Where the person confirms a draft. With port and path in the older form, for drafts without `postClientConfirmationRedirectUri`. */
  confirmUrl(clientId: string, older?: { readonly redirectPort: number; readonly redirectPath: string }): string {
    assertGiven(typeof clientId === "string", "api", "a client id: a text");
    only(older, { redirectPort: 1, redirectPath: 1 }, "api");
    return call(["selvbetjening", "confirm", this.#environment, clientId, ...(older ? [older.redirectPort || "0", older.redirectPath] : [])]);
  }

  /** @internal Drives a machine of this environment's. */
  drive(operation: string, lines: readonly Value[], rest: string, hands: Omit<Driven, "transport">): Promise<string> {
    return driven(operation, joined([this.#environment, ...lines]) + rest, { ...hands, transport: this.#options });
  }

  /** @internal What the core says of an enrolment's record. */
  ask(wanted: string, record: string, lines: readonly Value[] = [], rest = ""): string {
    return call(["selvbetjening", "enrolment", this.#environment, wanted, record, ...lines], rest);
  }

  /** @internal How a new key stands in its request. */
  get keyBody(): string | undefined {
    return this.#options.keyBody;
  }

  /** The service for one client. Keep it: it keeps the token, and asks for no other while that one is valid. */
  as(identity: Identity): SelvbetjeningClient {
    refusePage();
    assertGiven(isObject(identity) && typeof identity.clientId === "string" && isObject(identity.key), "api", "an identity: { clientId, key }");
    only(identity, { clientId: 1, key: 1 } satisfies Names<Identity>, "api");
    return new SelvbetjeningClient(this.#options, this.#environment, this.#origin, identity);
  }
}

/** The service for one client: made by {@link Selvbetjening.as}. */
export class SelvbetjeningClient {
  readonly #options: SelvbetjeningOptions;
  readonly #environment: string;
  readonly #origin: string;
  readonly #identity: Identity;
  #login: Login | undefined;
  #tokens: Tokens | undefined;
  readonly #beginning = new Shared<Login>(PATIENCE);
  readonly #asking = new Shared<Tokens>(ASKING);

  /** @internal */
  constructor(options: SelvbetjeningOptions, environment: string, origin: string, identity: Identity) {
    this.#options = options;
    this.#environment = environment;
    this.#origin = origin;
    this.#identity = identity;
  }

  /**
   * `GET /v1/client`: access and settings.
   *
   * @throws {SamtykkeError} `token_error` with `invalid_client` while the client is not usable yet; `token_invalid`,
   * `unauthorized`, `api_error`, `api_response_malformed`, `network_error`, `timeout`, `aborted`.
   */
  async getClient(options: SelvbetjeningCall = {}): Promise<CurrentClient> {
    return JSON.parse(await this.#call("client", options)) as CurrentClient;
  }

  /**
   * Waits until HelseID knows the client: a new one takes up to 20 seconds in test. Asks again on `invalid_client` alone, after
   * 1 second, then longer, to 10; gives up after 120.
   *
   * @throws {SamtykkeError} `timeout` when it is still unknown; as {@link getClient}.
   */
  waitUntilUsable(options: WaitOptions = {}): Promise<CurrentClient> {
    return this.#wait(options, "");
  }

  /**
   * Waits until nothing is pending any more, asking after a minute, then longer, to 15. Approval can take days; end the wait by
   * `signal`. Trouble of the service's does not end it. Look at `ready`: what is left can be a status that is not known.
   *
   * @throws {SamtykkeError} `aborted`, `timeout` (after 30 days unless `limit` is given); as {@link getClient}.
   */
  waitForApproval(options: WaitOptions = {}): Promise<CurrentClient> {
    return this.#wait(options, 1);
  }

  /** A wait is a chain of questions, each a machine of its own; a text between them tells where it stands. */
  async #wait(options: WaitOptions, approval: Value): Promise<CurrentClient> {
    const { signal, onWait } = options;
    const hands: Driven = { transport: this.#options, as: () => this, options };
    for (let lines = joined([this.#environment, approval, ...pacing(options)]); ; ) {
      const [time, attempt, elapsed, after, client] = (await driven("selvbetjening_wait", lines, hands)).split("\n") as [
        string,
        string,
        string,
        string,
        string,
      ];
      if (!time) return JSON.parse(client) as CurrentClient;
      const seconds = Number(time) / 1e9;
      const seen = client && { client: JSON.parse(client) as CurrentClient };
      tell(onWait, { attempt: Number(attempt), seconds, elapsed: Number(elapsed) / 1e9, ...seen });
      // A timer of more than 31 bits would end at once.
      await sleep(Math.min(seconds * 1000, 2 ** 31 - 1), "api", signal);
      lines = joined([this.#environment, "", "", "", ""]) + after;
    }
  }

  /**
   * `PUT /v1/client`: reads all settings, lets `change` make new ones of them, writes them whole. If they have changed meanwhile,
   * `change` is asked again with the new ones, twice at most. Answers the client as it is afterwards.
   *
   * @throws {SamtykkeError} `invalid_parameter`, and nothing is sent, when a list is missing from what was read or from what
   * `change` gave, or a status is unknown; `conflict`; as {@link getClient}.
   * @example
   * ```ts
   * await client.update((settings) => ({ ...settings, redirectUris: ["https://app.example.no/callback"] }));
   * ```
   */
  async update(change: (settings: ClientSettings) => ClientSettings | Promise<ClientSettings>, options: SelvbetjeningCall = {}): Promise<CurrentClient> {
    assertGiven(typeof change === "function", "api", "a function of the settings");
    only(options, SIGNAL, "api");
    const ask = async (settings: string) => {
      const wanted = await change(JSON.parse(settings) as ClientSettings);
      assertGiven(isObject(wanted), "api", "settings: all five lists, each an array or null");
      return JSON.stringify(wanted);
    };
    const lines = joined([this.#environment]);
    return JSON.parse(await driven("selvbetjening_update", lines, { transport: this.#options, as: () => this, options, ask })) as CurrentClient;
  }

  /** `GET /v1/client-secret`: the client's keys. */
  async listKeys(options: SelvbetjeningCall = {}): Promise<readonly ListedKey[]> {
    return (JSON.parse(await this.#call("secrets", options)) as { keys: ListedKey[] }).keys;
  }

  /** The entry of a key in the list, by its thumbprint; nothing when the service does not have it. */
  async findKey(publicJwk: Jwk, options: SelvbetjeningCall = {}): Promise<ListedKey | undefined> {
    const { json } = publicKey(publicJwk);
    const { keys, found } = JSON.parse(await this.#call("secrets", options, [], "", json)) as { keys: ListedKey[]; found?: number };
    return found === undefined ? undefined : keys[found];
  }

  /**
   * `POST /v1/client-secret`: adds a key, with token and proof of this client's own, the old one. Never repeated by the library.
   * Prefer `Enrolment.rotateKey`, which loses no key when the answer is lost.
   */
  async addKey(publicJwk: Jwk, options: SelvbetjeningCall = {}): Promise<{ readonly expiresAt?: number }> {
    const { json } = publicKey(publicJwk);
    const time = await this.#call("addSecret", options, [this.#options.keyBody], json);
    return time ? { expiresAt: Number(time) } : {};
  }

  /** `GET /v1/multi-tenant-delegations`: organisations that delegate to this client. */
  async delegations(options: SelvbetjeningCall = {}): Promise<readonly Delegation[]> {
    return JSON.parse(await this.#call("delegations", options)) as Delegation[];
  }

  async #call(operation: string, options: SelvbetjeningCall, args: readonly Value[] = [], rest = "", key = ""): Promise<string> {
    const { head, body } = await this.answer(operation, options, args, rest);
    return call(["selvbetjening", "answer", operation, key, ...head], body);
  }

  /** @internal Makes a call; its answer is not judged yet. */
  answer(operation: string, options: SelvbetjeningCall, args: readonly Value[] = [], rest = ""): Promise<Answer> {
    return this.exchange(call(["selvbetjening", "request", this.#environment, operation, ...args], rest), options);
  }

  /** @internal Sends a request of the core's; when its token is refused, and so nothing was done, once more with a new one. */
  async exchange(text: string, options: SelvbetjeningCall): Promise<Answer> {
    const answer = await this.#send(text, options);
    if (answer.head[0] !== "401") return answer;
    this.#tokens = undefined;
    return this.#send(text, options);
  }

  /** Sends a call with token and proof; answers what came, not judged yet. */
  async #send(text: string, options: SelvbetjeningCall): Promise<Answer> {
    only(options, SIGNAL, "api");
    const { signal } = options;
    const out = request(text);
    const controller = new AbortController();
    let late = false;
    const stop = () => controller.abort(signal?.reason);
    const timer = setTimeout(
      () => {
        late = true;
        controller.abort();
      },
      Math.min((this.#options.timeout ?? 30) * 1000, 2 ** 31 - 1),
    );
    const aborted = new Promise<never>((_, reject) => controller.signal.addEventListener("abort", () => reject(new Error("aborted"))));
    aborted.catch(() => {});
    try {
      if (signal?.aborted) stop();
      signal?.addEventListener("abort", stop);
      controller.signal.throwIfAborted();
      const tokens = await Promise.race([this.#bearer(), aborted]);
      const api = (await this.#connected()).fetch(tokens, { origins: [this.#origin] });
      const { method, url, headers, body } = out;
      const response = await Promise.race([api(url, { method, headers, body, signal: controller.signal }), aborted]);
      const header = (name: string) => response.headers.get(name)?.replace(/\s+/g, " ") ?? "";
      const found = await Promise.race([read(response, MAX_BODY), aborted]);
      if (found === undefined) throw hostError("api_response_malformed", { http: { status: response.status } });
      return { head: [`${response.status}`, header("content-type"), seconds(header("retry-after")) ?? ""], body: found };
    } catch (cause) {
      if (late) throw hostError("timeout", { phase: "api" }, cause);
      if (signal?.aborted) throw hostError("aborted", { phase: "api" }, signal.reason);
      throw cause instanceof SamtykkeError ? cause : hostError("network_error", { phase: "api" }, cause);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }

  async #connected(): Promise<Connection> {
    const begin = async () => this.#options.login(this.#identity);
    const login = (this.#login ??= await this.#beginning.run("login", begin, this.#limits, "configuration"));
    return "client" in login ? login.client() : login;
  }

  /** The token, while it is valid; parallel calls share one request (FK3 of NHN's profile). */
  async #bearer(): Promise<Tokens> {
    const { expiresAt = Infinity } = this.#tokens ?? {};
    // So that it does not end on its way.
    if (this.#tokens && expiresAt - 10 > Date.now() / 1000) return this.#tokens;
    const ask = async () => {
      const tokens = await (await this.#connected()).clientCredentials({ scope: SELVBETJENING_SCOPE, resource: SELVBETJENING_RESOURCE });
      this.#tokens = tokens;
      return tokens;
    };
    return this.#asking.run("token", ask, this.#limits, "token");
  }

  /** Two requests, for the nonce's sake. */
  get #limits(): { readonly timeout: number } {
    return { timeout: 2 * (this.#options.timeout ?? 30) + 1 };
  }
}
