// samtykke as the client, by its public API alone, with the `fetch` of the runtime.
// The one place of these tests that knows the API's names.
// Refuses nothing itself: every refusal is the library's.

import { Client, SamtykkeError, SigningKey, begin, clientSecretBasic, discover, privateKeyJwt, provider, tlsClientAuth } from "samtykke";
import { key } from "../server/keys.mjs";

export class Samtykke {
  constructor(world, row) {
    Object.assign(this, { world, row, request: row.request ?? {} });
  }

  static isTyped = (error) => error instanceof SamtykkeError;

  async ready() {
    const { profile } = this.world;
    const own = profile.clientKey && (await key(profile.clientKey));
    this.signer = own && (await SigningKey.fromJwk(own.privateJwk));
    this.dpop = profile.dpop ? await SigningKey.generate() : undefined;
  }

  async discover() {
    const { issuer, client, profile } = this.world;
    const methods = {
      client_secret_basic: () => clientSecretBasic(client.secret),
      private_key_jwt: () => privateKeyJwt(this.signer),
      tls_client_auth: () => tlsClientAuth(),
    };
    const provider = await discover(issuer, {
      clientId: client.id,
      redirectUri: this.request.redirectUri ?? client.redirectUris[0],
      signingAlgorithms: [profile.alg],
      development: true,
    });
    this.client = new Client(provider, methods[profile.method](), { dpop: this.dpop });
  }

  async start() {
    const { profile } = this.world;
    const { scope = profile.scope, prompt, max_age } = this.request;
    const extra = { ...(prompt !== undefined && { prompt }), ...(max_age !== undefined && { max_age }) };
    const options = profile.requestObject ? { requestObject: true } : {};
    const { url, transaction } = await this.client.start({ scope, responseMode: profile.responseMode, extra }, options);
    this.transaction = this.kept(transaction);
    return url;
  }

  /** What this user agent brings back: its own, or, where the row says so, something else. */
  kept(transaction) {
    const { client, world } = this;
    switch (this.request.other) {
      case "no transaction":
        return undefined;
      case "transaction":
        return begin(client.provider, { scope: world.profile.scope }).transaction;
      case "issuer": {
        const { clientId, redirectUri } = client.provider;
        const other = provider({ issuer: "https://other.example", authorizationEndpoint: "https://other.example/a", clientId, redirectUri });
        return begin(other, { scope: world.profile.scope }).transaction;
      }
      default:
        return transaction;
    }
  }

  async callback(answer) {
    const jarm = this.world.profile.responseMode === "jwt";
    const finish = jarm ? "finishJarm" : "finish";
    const { contentType, body } = answer;
    this.code = await this.client[finish](this.transaction, body === undefined ? answer : { contentType, body });
  }

  async exchange() {
    this.tokens = await this.client.exchange(this.code);
  }

  async refresh() {
    this.tokens = await this.client.refresh(this.tokens);
  }

  userinfo() {
    return this.client.userinfo(this.tokens, this.world.profile.signedUserinfo ? { signed: true } : {});
  }

  async api() {
    const { body } = this.request;
    const api = this.client.fetch(this.tokens, { origins: [this.world.api] });
    const response = await api(`${this.world.api}/resource`, body ? { method: "POST", body } : {});
    this.heard = response.ok ? await response.json() : undefined;
    return response.status;
  }

  async credentials() {
    this.tokens = await this.client.clientCredentials({ scope: "read" });
  }

  async device() {
    const { client, world } = this;
    this.tokens = await client.devicePoll(await client.deviceAuthorization({ scope: world.profile.scope }));
  }

  async introspect() {
    return (await this.client.introspect(this.tokens.accessToken)).active;
  }

  revoke() {
    return this.client.revoke(this.tokens.accessToken);
  }

  logout() {
    return this.client.logoutUrl({ postLogoutRedirectUri: this.world.client.postLogoutUris[0], idTokenHint: this.tokens.idToken });
  }

  logoutToken(jwt) {
    return this.client.logoutToken(jwt);
  }
}
