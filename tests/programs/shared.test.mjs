// One Redis for programs in Rust and in JavaScript: a thousand callers in four processes of both get one token by one question.
// Without redis-server nothing of this runs, and it says so; with CI that is a failure.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { builtExample } from "../lib/example.mjs";
import { startRedis } from "../tokens/redis.mjs";
import { linkPackage } from "../verdicts/run.mjs";

linkPackage();
const { TokenSource, redisStore, sealedStore } = await import("samtykke/tokens");
const { MaskinportenClient, SigningKey, maskinporten } = await import("samtykke/maskinporten");
const { world } = await import("../maskinporten/support.mjs");

test("JavaScript and Rust share what one of them asked for", async (t) => {
  const redis = await startRedis();
  if (redis.gap) {
    assert.ok(!process.env.CI, redis.gap);
    return t.skip(redis.gap);
  }
  const folder = mkdtempSync(join(tmpdir(), "samtykke-shared-"));
  const mp = await world();
  const connection = await redis.nodeRedis();
  try {
    const program = await builtExample("shared_tokens", "reqwest", "aws-lc-rs", "redis", "axum", "tower", "testing");
    const { issuer, tokenEndpoint, selfService } = mp.environment;
    const { privateJwk, clientId } = mp.admin;
    const keys = randomBytes(32).toString("base64url");
    const file = join(folder, "key.json");
    writeFileSync(file, JSON.stringify({ ...privateJwk, alg: "RS256" }));
    const env = {
      PATH: process.env.PATH,
      SystemRoot: process.env.SystemRoot,
      NO_PROXY: "127.0.0.1",
      ENVIRONMENT: [issuer, tokenEndpoint, selfService].join(" "),
      CLIENT_ID: clientId,
      KEY_FILE: file,
      REDIS: `redis://127.0.0.1:${redis.port}/`,
      TOKEN_KEYS: keys,
    };
    const rust = () =>
      new Promise((done) => {
        const child = spawn(program, { env });
        let output = "";
        for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
        child.once("close", (status) => done({ status, output }));
      });
    const key = await SigningKey.fromJwk({ ...privateJwk, alg: "RS256" });
    const source = () => {
      const client = new MaskinportenClient(maskinporten({ environment: mp.environment, clientId }), key);
      return new TokenSource({ ...client.asked, store: sealedStore(redisStore(connection.send), keys) });
    };
    const javascript = async () => {
      const tokens = source();
      return Promise.all(Array.from({ length: 250 }, () => tokens.get({ scope: "idporten:scopes.write" })));
    };
    const [one, two, three, four] = await Promise.all([rust(), rust(), javascript(), javascript()]);
    for (const { status, output } of [one, two]) assert.deepEqual([status, output], [0, "given 250\n"]);
    assert.equal(new Set([...three, ...four].map(({ accessToken }) => accessToken)).size, 1);
    assert.equal(mp.control.assertions.length, 1, "one question in all");
    // What one wrote last, the other reads: a new process of either asks for nothing.
    assert.equal((await rust()).output, "given 250\n");
    assert.equal((await source().get({ scope: "idporten:scopes.write" })).accessToken, three[0].accessToken);
    assert.equal(mp.control.assertions.length, 1);
  } finally {
    connection.close();
    await redis.kill();
    rmSync(folder, { recursive: true });
    await mp.close();
  }
});
