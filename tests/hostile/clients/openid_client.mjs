// npm `openid-client` 6 as the client: it shows that the hostile server is a server that others can talk to,
// and that what it sends wrong is seen by others as well. All its checks on, signatures of id_tokens included.
// `row.hooks` (judge.test.mjs) changes what it signs and sends. Refuses a logout token never: it has no such function.

import * as oidc from "openid-client";
import { key } from "../server/keys.mjs";

export class OpenidClient {
  constructor(world, row, fetch) {
    Object.assign(this, { world, row, fetch, hooks: row.hooks ?? {} });
  }

  /** Options that let a hook change header and claims before they are signed. */
  signing(what) {
    return this.hooks[what] && { [oidc.modifyAssertion]: this.hooks[what] };
  }

  async discover() {
    const { client, profile } = this.world;
    const metadata = {
      use_mtls_endpoint_aliases: profile.mtlsAliases,
      id_token_signed_response_alg: profile.alg,
      authorization_signed_response_alg: profile.alg,
      ...(profile.signedUserinfo && { userinfo_signed_response_alg: profile.alg }),
    };
    const execute = [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks];
    if (profile.responseMode === "jwt") execute.push(oidc.useJwtResponseMode);
    const options = { execute, ...(this.fetch && { [oidc.customFetch]: this.fetch }) };
    const own = profile.clientKey && (await key(profile.clientKey));
    this.signer = own && { key: own.privateKey, kid: own.kid };
    const methods = {
      client_secret_basic: () => oidc.ClientSecretBasic(client.secret),
      private_key_jwt: () => oidc.PrivateKeyJwt(this.hooks.signer ?? this.signer, this.signing("assertion")),
      tls_client_auth: () => oidc.TlsClientAuth(),
    };
    this.config = await oidc.discovery(new URL(this.world.issuer), client.id, metadata, methods[profile.method](), options);
    if (profile.dpop) await this.newProofKey();
  }

  async newProofKey() {
    this.dpop = { DPoP: oidc.getDPoPHandle(this.config, await oidc.randomDPoPKeyPair(this.hooks.proofAlg ?? "ES256"), this.signing("proof")) };
  }

  async start() {
    const { profile, client } = this.world;
    this.verifier = oidc.randomPKCECodeVerifier();
    let parameters = {
      redirect_uri: client.redirectUris[0],
      scope: this.row.request?.scope ?? profile.scope,
      state: (this.state = oidc.randomState()),
      nonce: (this.nonce = oidc.randomNonce()),
      code_challenge: await oidc.calculatePKCECodeChallenge(this.verifier),
      code_challenge_method: "S256",
      ...(profile.responseMode === "form_post" && { response_mode: "form_post" }),
      ...(this.row.request?.prompt && { prompt: this.row.request.prompt }),
    };
    parameters = this.hooks.parameters?.(parameters) ?? parameters;
    if (!profile.par) return oidc.buildAuthorizationUrl(this.config, parameters).href;
    const inside = profile.requestObject
      ? (await oidc.buildAuthorizationUrlWithJAR(this.config, parameters, this.signer, this.signing("object"))).searchParams
      : parameters;
    return (await oidc.buildAuthorizationUrlWithPAR(this.config, inside, this.dpop)).href;
  }

  callback(answer) {
    const { contentType, body, url } = answer;
    this.answer = body === undefined ? new URL(answer) : new Request(url, { method: "POST", headers: { "content-type": contentType }, body });
  }

  /** Judges the callback first, so a refusal here may be one of the callback. */
  async exchange() {
    const checks = { pkceCodeVerifier: this.verifier, expectedState: this.state, expectedNonce: this.nonce, idTokenExpected: true };
    this.tokens = await oidc.authorizationCodeGrant(this.config, this.answer, checks, undefined, this.dpop);
    this.sub = this.tokens.claims().sub;
  }

  async refresh() {
    const { refresh_token: old } = this.tokens;
    this.tokens = await oidc.refreshTokenGrant(this.config, old, undefined, this.dpop);
    this.tokens.refresh_token ??= old;
    const claims = this.tokens.claims();
    if (claims && claims.sub !== this.sub) throw new oidc.ClientError("another subject");
  }

  userinfo() {
    return oidc.fetchUserInfo(this.config, this.tokens.access_token, this.sub, this.dpop);
  }

  async api() {
    const url = new URL(`${this.world.api}/resource`);
    const { body } = this.row.request ?? {};
    try {
      const response = await oidc.fetchProtectedResource(this.config, this.tokens.access_token, url, body ? "POST" : "GET", body, undefined, this.dpop);
      this.heard = await response.json();
      return response.status;
    } catch (error) {
      if (error instanceof oidc.WWWAuthenticateChallengeError) return error.status;
      throw error;
    }
  }

  async credentials() {
    this.tokens = await oidc.clientCredentialsGrant(this.config, { scope: "read" }, this.dpop);
  }

  async device() {
    const begun = await oidc.initiateDeviceAuthorization(this.config, { scope: this.world.profile.scope });
    this.tokens = await oidc.pollDeviceAuthorizationGrant(this.config, begun, undefined, this.dpop);
  }

  async introspect() {
    return (await oidc.tokenIntrospection(this.config, this.tokens.access_token)).active;
  }

  revoke() {
    return oidc.tokenRevocation(this.config, this.tokens.access_token);
  }

  logout() {
    const state = oidc.randomState();
    const url = oidc.buildEndSessionUrl(this.config, {
      post_logout_redirect_uri: this.world.client.postLogoutUris[0],
      id_token_hint: this.tokens.id_token,
      state,
    });
    return { url: url.href, state };
  }
}
