// samtykke as the client, by its public API alone, with the `fetch` of the runtime.
// The one place of these tests that knows the API's names.
// Refuses nothing itself: every refusal is the library's.

import { Client, SamtykkeError, SigningKey, clientSecretBasic, discover, privateKeyJwt, tlsClientAuth } from "samtykke";
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
    const provider = await discover(issuer, { clientId: client.id, redirectUri: this.request.redirectUri ?? client.redirectUris[0], development: true });
    this.client = new Client(provider, methods[profile.method](), { dpop: this.dpop });
  }
}
