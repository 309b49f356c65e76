// What the local Selvbetjening knows: templates, clients, their keys and access, and what the tests ask it to do.
// Refuses nothing itself; whoever answers a request asks here.

import { randomUUID } from "node:crypto";
import { calculateJwkThumbprint } from "jose";

/** The template ("klientmal") whose API key creates drafts. Made up. */
export const TEMPLATE = {
  apiKey: "local-api-key-for-drafts",
  scopes: ["nhn:selvbetjening/client", "nhn:phr/mhd", "nhn:phr/mhd/read", "nhn:kj/api"],
  /** Scopes and claims that the API's owner approves by hand. */
  byHand: ["nhn:phr/mhd", "nhn:phr/mhd/read", "her_id"],
  organizations: ["999977774", "999988887"],
};

export const SELF = "nhn:selvbetjening/client";

export class State {
  clients = new Map();
  /** What came, one line each: method and path, or `token <client>`. */
  requests = [];
  /** Breaches that a strict service would only log. */
  violations = [];
  /** Route to what happens to its next answer: `lose` (done, no answer), `drop` (not done), or `{ status, body, type }`. */
  faults = new Map();
  settings;

  constructor(settings) {
    this.settings = { propagation: 0, refusals: 0, keyPropagation: 0, retireOldKeys: false, keyLifetime: 90 * 86_400, template: TEMPLATE, ...settings };
  }

  async draft(body, jwk) {
    const { template } = this.settings;
    const id = randomUUID();
    const status = (name) => (template.byHand.includes(name) ? "pending" : "ok");
    this.clients.set(id, {
      id,
      organization: body.organizationNumber,
      confirmed: false,
      usableAt: Infinity,
      confirmationRedirectUri: body.postClientConfirmationRedirectUri,
      keys: [await this.#key(jwk, "Api", 0)],
      apiScopes: (body.apiScopes ?? template.scopes).map((scope) => ({
        scope,
        status: status(scope),
        statusReason: status(scope) === "ok" ? null : "Waits for the owner of the API.",
      })),
      audienceSpecificClientClaims: (body.audienceSpecificClientClaims ?? []).map(({ key, value }) => ({
        claimType: key,
        activeClaimValue: status(key) === "ok" ? value : null,
        pendingClaimValue: status(key) === "ok" ? null : value,
        status: status(key),
        statusReason: null,
      })),
      redirectUris: body.redirectUris ?? [],
      postLogoutRedirectUris: body.postLogoutRedirectUris ?? [],
      childOrganizationNumbers: body.childOrganizationNumbers ?? [],
    });
    return id;
  }

  async #key(jwk, origin, delay) {
    const expiration = new Date(Date.now() + this.settings.keyLifetime * 1000).toISOString().replace(/\.\d+/, "");
    return { jwk, kid: jwk.kid, jwkThumbprint: await calculateJwkThumbprint(jwk), origin, expiration, usableAt: Date.now() + delay };
  }

  async addKey(client, jwk) {
    const { keyPropagation, retireOldKeys } = this.settings;
    if (retireOldKeys) client.keys = [];
    client.keys.push(await this.#key(jwk, "Api", keyPropagation));
    return client.keys.at(-1);
  }

  confirm(client) {
    client.confirmed = true;
    client.usableAt = Date.now() + this.settings.propagation;
    client.refusals = this.settings.refusals;
  }

  /**
   * The clients as HelseID gets to know them: confirmed ones, after a while, with the keys that have reached it and the scopes
   * that are granted. It asks anew each time, so that a key that was dropped here opens nothing there.
   */
  directory() {
    const usable = (id) => {
      const client = this.clients.get(id);
      return client?.usableAt <= Date.now() ? client : undefined;
    };
    return {
      find(id) {
        const client = usable(id);
        const keys = client?.keys.filter(({ usableAt }) => usableAt <= Date.now()) ?? [];
        return keys.length === 0
          ? undefined
          : {
              clientId: id,
              redirectUris: client.redirectUris,
              publicJwks: keys.map(({ jwk }) => jwk),
              tenancy: "single",
              organization: client.organization,
              children: client.childOrganizationNumbers,
              scopes: client.apiScopes.filter(({ status }) => status === "ok").map(({ scope }) => scope),
            };
      },
      // Another of its machines, which has not heard of the client yet.
      refuses(id) {
        const client = usable(id);
        if (!client?.refusals) return false;
        client.refusals -= 1;
        return true;
      },
      heard: (id, error) => void (this.clients.has(id) && error !== "use_dpop_nonce" && this.requests.push(`token ${id}`)),
    };
  }

  /** Takes the fault of a route, if there is one. */
  fault(route) {
    const fault = this.faults.get(route);
    this.faults.delete(route);
    return fault;
  }
}
