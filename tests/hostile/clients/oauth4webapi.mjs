// npm `oauth4webapi` 3 as the client, function by function: a second opinion on the server, without openid-client's glue.
// Signatures of id_tokens are checked by its optional step. Drives logins; no refresh, no logout.
// Refuses nothing itself.

import * as oauth from "oauth4webapi";
import { key } from "../server/keys.mjs";

export class Oauth4webapi {
  constructor(world, row, fetch) {
    Object.assign(this, { world, row, options: { [oauth.allowInsecureRequests]: true, ...(fetch && { [oauth.customFetch]: fetch }) } });
  }

  async discover() {
    const { issuer, client, profile } = this.world;
    const url = new URL(issuer);
    this.as = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, this.options));
    this.client = {
      client_id: client.id,
      id_token_signed_response_alg: profile.alg,
      authorization_signed_response_alg: profile.alg,
      use_mtls_endpoint_aliases: profile.mtlsAliases,
    };
    if (profile.signedUserinfo) this.client.userinfo_signed_response_alg = profile.alg;
    const own = profile.clientKey && (await key(profile.clientKey));
    this.signer = own && { key: own.privateKey, kid: own.kid };
    const methods = {
      client_secret_basic: () => oauth.ClientSecretBasic(client.secret),
      private_key_jwt: () => oauth.PrivateKeyJwt(this.signer),
      tls_client_auth: () => oauth.TlsClientAuth(),
    };
    this.authentication = methods[profile.method]();
    if (profile.dpop) this.options.DPoP = oauth.DPoP(this.client, await oauth.generateKeyPair("ES256"));
  }

  async start() {
    const { profile, client } = this.world;
    this.verifier = oauth.generateRandomCodeVerifier();
    this.state = oauth.generateRandomState();
    this.nonce = oauth.generateRandomNonce();
    let parameters = new URLSearchParams({
      client_id: client.id,
      response_type: "code",
      redirect_uri: client.redirectUris[0],
      scope: this.row.request?.scope ?? profile.scope,
      state: this.state,
      nonce: this.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(this.verifier),
      code_challenge_method: "S256",
      ...(profile.responseMode !== "query" && { response_mode: profile.responseMode }),
    });
    if (profile.requestObject)
      parameters = new URLSearchParams({ client_id: client.id, request: await oauth.issueRequestObject(this.as, this.client, parameters, this.signer) });
    if (profile.par) {
      const pushed = await this.proven(
        () => oauth.pushedAuthorizationRequest(this.as, this.client, this.authentication, parameters, this.options),
        (response) => oauth.processPushedAuthorizationResponse(this.as, this.client, response),
      );
      parameters = new URLSearchParams({ client_id: client.id, request_uri: pushed.request_uri });
    }
    return `${this.as.authorization_endpoint}?${parameters}`;
  }

  /** Sends again, once, when a DPoP nonce is asked for. */
  async proven(send, judge) {
    try {
      return await judge(await send());
    } catch (error) {
      if (!oauth.isDPoPNonceError(error)) throw error;
      return judge(await send());
    }
  }

  async callback(answer) {
    const values = answer.body === undefined ? new URL(answer) : new URLSearchParams(answer.body);
    const judge = this.world.profile.responseMode === "jwt" ? oauth.validateJwtAuthResponse : oauth.validateAuthResponse;
    this.answer = await judge(this.as, this.client, values, this.state, this.options);
  }

  async exchange() {
    let last;
    this.tokens = await this.proven(
      async () =>
        (last = await oauth.authorizationCodeGrantRequest(
          this.as,
          this.client,
          this.authentication,
          this.answer,
          this.world.client.redirectUris[0],
          this.verifier,
          this.options,
        )),
      (response) => oauth.processAuthorizationCodeResponse(this.as, this.client, response, { expectedNonce: this.nonce, requireIdToken: true }),
    );
    await oauth.validateApplicationLevelSignature(this.as, last, this.options);
  }

  async userinfo() {
    const response = await oauth.userInfoRequest(this.as, this.client, this.tokens.access_token, this.options);
    return oauth.processUserInfoResponse(this.as, this.client, oauth.getValidatedIdTokenClaims(this.tokens).sub, response);
  }

  async api() {
    const url = new URL(`${this.world.api}/resource`);
    return this.proven(
      () => oauth.protectedResourceRequest(this.tokens.access_token, "GET", url, undefined, undefined, this.options),
      ({ status }) => status,
    );
  }
}
