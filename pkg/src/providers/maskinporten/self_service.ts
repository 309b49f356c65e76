// Maskinporten's self-service API: scopes and who may use them, clients, their keys. The core judges every argument before it
// reaches a path, and every answer; what is read or set is tried again after trouble, what is made never is.

import { joined } from "../../core/wasm.js";
import { type Names, SIGNAL, assertConfigured, assertGiven, isObject, only } from "../../core/check.js";
import { calls } from "../calls.js";
import type { Provider } from "../../protocol/page_provider.js";
import { TRANSPORT, type Transport, checkTransport } from "../../core/http.js";
import { environmentOf } from "./client.js";
import { hideSecrets } from "../../core/hidden.js";

/** How the self-service API is called. */
export interface SelfServiceOptions extends Transport {
  /**
   * A token of Maskinporten's, got with the admin client, or a function that gets one. It is asked for each call, and once more,
   * with the token that was refused, when the API does not take it; not for the lists that are public. It is told the scope that
   * the call needs, so that no call has to have a token for all of them; `portal` stands for a person's session there.
   */
  readonly token: string | ((refused?: string, scope?: string) => string | Promise<string>);
  /**
   * Which scope your admin client was given for clients: `idporten:dcr.write` unless given, `modify` to change those that are there,
   * `supplier` to register for customers. The function that gets tokens is told the scope that fits.
   */
  readonly clientScope?: "write" | "modify" | "supplier";
  /** How often a repeatable call is tried again after a network failure, 429 or 5xx; 2 unless given. */
  readonly retries?: number;
  /** Takes any nine digits as an organisation number, whatever the check digit. */
  readonly uncheckedOrganisationNumbers?: boolean;
}

/** Options of one call. */
export interface SelfServiceCall {
  readonly signal?: AbortSignal;
}

/** What the API keeps: members that are not named here come along as they are, and go back so. */
interface Kept {
  readonly [member: string]: unknown;
  /** ISO 8601. */
  readonly created?: string;
  /** ISO 8601. */
  readonly last_updated?: string;
}

/** A client of Maskinporten's, ID-porten's or Ansattporten's. Lifetimes in seconds. */
export interface RegisteredClient extends Kept {
  readonly client_id?: string;
  readonly client_name?: string;
  readonly description?: string;
  readonly client_orgno?: string;
  readonly supplier_orgno?: string;
  readonly active?: boolean;
  /** `maskinporten`, `idporten`, … cannot be changed. */
  readonly integration_type?: string;
  readonly application_type?: string;
  readonly token_endpoint_auth_method?: string;
  readonly grant_types?: readonly string[];
  readonly scopes?: readonly string[];
  readonly access_token_lifetime?: number;
  /** Given when it is made, then never again. */
  readonly client_secret?: string;
}

/** A scope. */
export interface RegisteredScope extends Kept {
  /** `prefix:subscope`; cannot be changed. */
  readonly name?: string;
  readonly prefix?: string;
  readonly subscope?: string;
  readonly description?: string;
  readonly long_description?: string;
  readonly visibility?: string;
  readonly allowed_integration_types?: readonly string[];
  /** Seconds a token lives at most. */
  readonly at_max_age?: number;
  readonly delegation_source?: string;
  readonly accessible_for_all?: boolean;
  readonly active?: boolean;
}

/** An organisation's access to a scope. */
export interface ScopeAccess extends Kept {
  readonly scope: string;
  /** `REQUESTED`, `APPROVED`, `DENIED`, or a state yet unknown. */
  readonly state: string;
  readonly consumer_orgno: string;
  readonly owner_orgno?: string;
}

/** One on whose behalf a client acts. */
export interface OnBehalfOf extends Kept {
  readonly onbehalfof?: string;
  readonly name?: string;
  readonly orgno?: string;
  readonly description?: string;
}

/** A registered key. */
export interface RegisteredKey extends Kept {
  readonly kty: string;
  readonly kid: string;
  readonly alg?: string;
  readonly use?: string;
  readonly n?: string;
  readonly e?: string;
  /** When it ends, in seconds since 1970: a year after it was posted at most. */
  readonly exp?: number;
}

/** A public key to register: RSA, with `kid`. One with private members is refused. */
export type KeyToRegister = { readonly kty: string; readonly kid: string; readonly n?: string; readonly e?: string; readonly [member: string]: unknown };

/** A client for Maskinporten, as {@link SelfService.createClient} takes it. */
export const maskinportenClient = (name: string, scopes: readonly string[]): RegisteredClient => ({
  integration_type: "maskinporten",
  application_type: "web",
  client_name: name,
  token_endpoint_auth_method: "private_key_jwt",
  grant_types: ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
  scopes,
});

/** The keys that end within so many days: post them again in good time ({@link SelfService.renewKey}). */
export const keysDue = (keys: readonly RegisteredKey[], days: number): readonly RegisteredKey[] =>
  keys.filter(({ exp }) => exp !== undefined && exp * 1000 <= Date.now() + days * 86_400_000);

/**
 * The self-service API of a provider's environment.
 *
 * @example
 * ```ts
 * const api = new SelfService(mp, { token: async () => (await admin.token({ scope: "idporten:scopes.write" })).accessToken });
 * await api.grantAccess("889640782", "difi:api3");
 * ```
 */
export class SelfService {
  readonly #environment: string;
  readonly #options: SelfServiceOptions;

  constructor(provider: Provider, options: SelfServiceOptions) {
    this.#environment = environmentOf(provider);
    assertConfigured(isObject(options), "options: { token }");
    only(options, { ...TRANSPORT, token: 1, clientScope: 1, retries: 1, uncheckedOrganisationNumbers: 1 } satisfies Names<SelfServiceOptions>);
    checkTransport(options);
    const { token, clientScope = "write", retries } = options;
    assertConfigured(typeof token === "string" || typeof token === "function", "token: an access token, or a function that gets one");
    assertConfigured(["write", "modify", "supplier"].includes(clientScope), "clientScope: write, modify or supplier");
    assertConfigured(retries === undefined || (Number.isSafeInteger(retries) && retries >= 0), "retries: a whole number");
    this.#options = options;
  }

  /** Your organisation's clients; deactivated ones only when asked for. */
  clients(options?: SelfServiceCall & { readonly inactive?: boolean }): Promise<readonly RegisteredClient[]> {
    return this.#call("clients", [flag(options?.inactive)], "", options, { inactive: 1 });
  }

  /** Creates a client. It can be used after at most two minutes. A client with a registered key takes {@link addKey} next. */
  createClient(client: RegisteredClient, options?: SelfServiceCall): Promise<RegisteredClient> {
    return this.#call("createClient", [], json(client), options);
  }

  client(id: string, options?: SelfServiceCall): Promise<RegisteredClient> {
    return this.#call("client", [id], "", options);
  }

  /** Changes a client: it is read, changed by your function, and sent back without what the API sets itself. */
  updateClient(
    id: string,
    change: (client: RegisteredClient) => RegisteredClient | Promise<RegisteredClient>,
    options?: SelfServiceCall,
  ): Promise<RegisteredClient> {
    return this.#update("client", id, change, options);
  }

  /** Deactivates a client; nothing is ever deleted. */
  deactivateClient(id: string, options?: SelfServiceCall): Promise<void> {
    return this.#call("deactivateClient", [id], "", options);
  }

  /** A new secret, for the clients of ID-porten that have one; it lives 360 days at most. */
  newSecret(id: string, options?: SelfServiceCall): Promise<RegisteredClient> {
    return this.#call("newSecret", [id], "", options);
  }

  /** A client's keys; none where it has none. */
  async keys(id: string, options?: SelfServiceCall): Promise<readonly RegisteredKey[]> {
    return (await this.#call<{ keys: RegisteredKey[] }>("keys", [id], "", options)).keys;
  }

  /**
   * Adds a public key to those that are there, and reads them again: the API replaces the whole set, and the last writer wins.
   * To change keys without a gap: add the new one, wait two minutes, sign with it, and remove the old one when nobody signs with
   * that any more.
   *
   * @throws {SamtykkeError} `key_refused` for a private key or an odd one; `registration_conflict` when the id is taken or someone
   * else changed the keys meanwhile; `invalid_parameter` for a sixth key.
   */
  addKey(id: string, key: KeyToRegister, options?: SelfServiceCall): Promise<readonly RegisteredKey[]> {
    return this.#edit("add", id, json(key), options);
  }

  /** Posts a key again, so that it lives for another year; the others keep their end. */
  renewKey(id: string, kid: string, options?: SelfServiceCall): Promise<readonly RegisteredKey[]> {
    return this.#edit("renew", id, kid, options);
  }

  /**
   * Sets all keys at once, by PUT, which is sent again after trouble; what is there and not among them is gone. One to five.
   *
   * @throws {SamtykkeError} As {@link addKey}.
   */
  setKeys(id: string, keys: readonly KeyToRegister[], options?: SelfServiceCall): Promise<void> {
    return this.#call("setKeys", [id], json({ keys }), options);
  }

  /** Removes a key. */
  removeKey(id: string, kid: string, options?: SelfServiceCall): Promise<readonly RegisteredKey[]> {
    return this.#edit("remove", id, kid, options);
  }

  /** One key, where the API has that address. */
  key(id: string, kid: string, options?: SelfServiceCall): Promise<RegisteredKey> {
    return this.#call("key", [id, kid], "", options);
  }

  /** Replaces one key by a public one, where the API has that address; the others stay as they are. */
  replaceKey(id: string, kid: string, key: KeyToRegister, options?: SelfServiceCall): Promise<RegisteredKey> {
    return this.#call("replaceKey", [id, kid], json(key), options);
  }

  /** Removes one key, where the API has that address. */
  deleteKey(id: string, kid: string, options?: SelfServiceCall): Promise<void> {
    return this.#call("deleteKey", [id, kid], "", options);
  }

  /**
   * Uploads a public key as the text of a PEM or a JWK; answers it as a JWK. It is the API's second version, which only the portal
   * is known to use; the original guide's base has none.
   */
  uploadKey(id: string, key: string, options?: SelfServiceCall): Promise<RegisteredKey> {
    return this.#call("uploadKey", [id], key, options);
  }

  /** Those on whose behalf a client acts. */
  onBehalfOf(id: string, options?: SelfServiceCall): Promise<readonly OnBehalfOf[]> {
    return this.#call("onBehalfOf", [id], "", options);
  }

  addOnBehalfOf(id: string, who: OnBehalfOf, options?: SelfServiceCall): Promise<OnBehalfOf> {
    return this.#call("addOnBehalfOf", [id], json(who), options);
  }

  updateOnBehalfOf(id: string, onBehalfOf: string, who: OnBehalfOf, options?: SelfServiceCall): Promise<OnBehalfOf> {
    const { created: _, last_updated: __, ...rest } = who;
    return this.#call("updateOnBehalfOf", [id, onBehalfOf], json(rest), options);
  }

  deleteOnBehalfOf(id: string, onBehalfOf: string, options?: SelfServiceCall): Promise<void> {
    return this.#call("deleteOnBehalfOf", [id, onBehalfOf], "", options);
  }

  /** Your organisation's scopes, or the one of a name; deactivated ones only when asked for. */
  scopes(options?: SelfServiceCall & { readonly scope?: string; readonly inactive?: boolean }): Promise<readonly RegisteredScope[]> {
    return this.#call("scopes", [options?.scope ?? "", flag(options?.inactive)], "", options, { scope: 1, inactive: 1 });
  }

  scope(name: string, options?: SelfServiceCall & { readonly inactive?: boolean }): Promise<RegisteredScope> {
    return this.#call("scope", [name, flag(options?.inactive)], "", options, { inactive: 1 });
  }

  /** Creates a scope: `prefix`, `subscope`, `description`, and what else it takes. */
  createScope(scope: RegisteredScope, options?: SelfServiceCall): Promise<RegisteredScope> {
    return this.#call("createScope", [], json(scope), options);
  }

  /** Changes a scope: it is read, changed by your function, and sent back. Its name cannot change. */
  updateScope(
    name: string,
    change: (scope: RegisteredScope) => RegisteredScope | Promise<RegisteredScope>,
    options?: SelfServiceCall,
  ): Promise<RegisteredScope> {
    return this.#update("scope", name, change, options);
  }

  /** Deactivates a scope; the grants to it are kept. */
  deactivateScope(name: string, options?: SelfServiceCall): Promise<void> {
    return this.#call("deactivateScope", [name], "", options);
  }

  /** Every organisation's public scopes; no token is sent. `integrationType` in capitals, such as `MASKINPORTEN`. */
  allScopes(
    options?: SelfServiceCall & { readonly accessibleForAll?: boolean; readonly delegatedSources?: boolean; readonly integrationType?: string },
  ): Promise<readonly RegisteredScope[]> {
    const { accessibleForAll, delegatedSources, integrationType = "" } = options ?? {};
    const more = { accessibleForAll: 1, delegatedSources: 1, integrationType: 1 };
    return this.#call("allScopes", [flag(accessibleForAll), flag(delegatedSources), integrationType], "", options, more);
  }

  /** Who has access to one of your scopes. */
  access(scope: string, options?: SelfServiceCall): Promise<readonly ScopeAccess[]> {
    return this.#call("access", [scope], "", options);
  }

  /** What you granted one organisation. */
  accessOf(organisation: string, options?: SelfServiceCall): Promise<readonly ScopeAccess[]> {
    return this.#call("accessOf", [organisation], "", options);
  }

  /** What your organisation may use. */
  myAccess(options?: SelfServiceCall): Promise<readonly ScopeAccess[]> {
    return this.#call("myAccess", [], "", options);
  }

  /** Grants an organisation access to one of your scopes. */
  grantAccess(organisation: string, scope: string, options?: SelfServiceCall): Promise<ScopeAccess> {
    return this.#call("grantAccess", [organisation, scope], "", options);
  }

  /** Withdraws it. */
  withdrawAccess(organisation: string, scope: string, options?: SelfServiceCall): Promise<ScopeAccess> {
    return this.#call("withdrawAccess", [organisation, scope], "", options);
  }

  /** Who can be named as the source of delegations; no token is sent. */
  delegationSources(options?: SelfServiceCall): Promise<readonly { readonly name?: string; readonly issuer?: string; readonly [member: string]: unknown }[]> {
    return this.#call("delegationSources", [], "", options);
  }

  /** Your prefixes of scopes; the shape is not documented. */
  prefixes(options?: SelfServiceCall): Promise<unknown> {
    return this.#call("prefixes", [], "", options);
  }

  /** What is known of an organisation; the shape is not documented. */
  organisation(number: string, options?: SelfServiceCall): Promise<unknown> {
    return this.#call("organisation", [number], "", options);
  }

  /** Who is logged in to the portal; the shape is not documented. `token` is one of a person's session there (Ansattporten). */
  portalUser(options?: SelfServiceCall): Promise<unknown> {
    return this.#call("portalUser", [], "", options);
  }

  /** Lets a person's session in the portal act for another synthetic organisation, in test. Members as the portal has them: not documented. */
  switchSyntheticOrganisation(to: { readonly [member: string]: unknown }, options?: SelfServiceCall): Promise<unknown> {
    return this.#call("switchSyntheticOrganisation", [], json(to), options);
  }

  async #edit(edit: "add" | "renew" | "remove", id: string, key: string, options?: SelfServiceCall): Promise<readonly RegisteredKey[]> {
    only(options, SIGNAL, "api");
    assertGiven(typeof key === "string" && typeof id === "string", "api", "a client's id, and a key or its id");
    return (await this.#drive<{ keys: RegisteredKey[] }>("maskinporten_keys", joined([edit, id, key]), options)).keys;
  }

  async #update<T>(what: "client" | "scope", name: string, change: (value: T) => T | Promise<T>, options?: SelfServiceCall): Promise<T> {
    only(options, SIGNAL, "api");
    assertGiven(typeof name === "string" && typeof change === "function", "api", "a name, and a function that changes what was read");
    return this.#drive("maskinporten_update", joined([what, name]), options, async (text) =>
      json((await change(hiddenSecret(JSON.parse(text)) as T)) as object),
    );
  }

  async #call<T>(operation: string, args: readonly string[], body: string, options?: SelfServiceCall, more: object = {}): Promise<T> {
    only(options, { ...SIGNAL, ...more }, "api");
    assertGiven(
      [...args, body].every((value) => typeof value === "string"),
      "api",
      "arguments as texts",
    );
    return this.#drive("maskinporten", joined([operation, args.length, ...args]) + body, options);
  }

  async #drive<T>(machine: string, lines: string, options?: SelfServiceCall, ask?: (text: string) => Promise<string>): Promise<T> {
    const { token, clientScope = "write", retries = 2, uncheckedOrganisationNumbers } = this.#options;
    const marks = uncheckedOrganisationNumbers === true ? "u" : "";
    const text = await calls(machine, joined([this.#environment, marks, clientScope, Math.min(retries, 1e6)]) + lines, {
      transport: this.#options,
      signal: options?.signal,
      token,
      ...(ask && { ask }),
    });
    return (text ? hiddenSecret(JSON.parse(text)) : undefined) as T;
  }
}

const flag = (value?: boolean): string => (value === true ? "true" : "");

/** One line of JSON. */
function json(value: object): string {
  assertGiven(isObject(value), "api", "an object");
  return JSON.stringify(value);
}

/** A client that was just made holds its secret: no log shall show it. */
function hiddenSecret(value: unknown): unknown {
  return isObject(value) && "client_secret" in value ? hideSecrets(value, "Client") : value;
}
