// What runs in Deno: the store's contract on two handles, or many callers for a few targets; one line of JSON to the parent.

import { Client, SigningKey, privateKeyJwt, provider } from "samtykke";
import { TokenSource, denoKvStore, sealedStore } from "samtykke/tokens";
import { contract } from "./contract.mjs";

const { path, contract: name, seal, origin, jwk, callers, targets, startAt = 0, ...settings } = JSON.parse(Deno.args[0]);

async function contracts() {
  const [one, other] = [denoKvStore(await Deno.openKv(path)), denoKvStore(await Deno.openKv(path))];
  const checks = await contract(one, other, name);
  await contract(sealedStore(one, seal), sealedStore(other, seal), `${name}-sealed`);
  return { checks };
}

async function load() {
  const server = provider({ issuer: `${origin}/`, tokenEndpoint: `${origin}/token`, clientId: "client-1", development: true });
  const client = new Client(server, privateKeyJwt(await SigningKey.fromJwk(jwk)));
  const heard = [];
  const source = new TokenSource({ client, store: denoKvStore(await Deno.openKv(path)), onStoreError: (error) => heard.push(String(error)), ...settings });
  await new Promise((done) => setTimeout(done, Math.max(startAt - Date.now(), 0)));
  const got = {};
  const errors = {};
  const started = Date.now();
  await Promise.all(Array.from({ length: callers }, async (_, at) => {
    try {
      const { accessToken } = await source.get({ scope: `scope-${at % targets}` });
      (got[`scope-${at % targets}`] ??= {})[accessToken] = true;
    } catch (error) {
      errors[error.code ?? error.stack] = (errors[error.code ?? error.stack] ?? 0) + 1;
    }
  }));
  return { got: Object.fromEntries(Object.entries(got).map(([scope, tokens]) => [scope, Object.keys(tokens)])), errors, heard, longest: Date.now() - started };
}

console.log(JSON.stringify(await (name ? contracts() : load())));
Deno.exit(0);
