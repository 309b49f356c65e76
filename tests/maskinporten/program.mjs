// A native example of the crate against a local Maskinporten, with the admin client's key in a file.
// Whatever it prints, the key and tokens are not in it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { builtExample } from "../lib/example.mjs";
import { world } from "./support.mjs";

export async function startProgram(name) {
  const program = await builtExample(name, "aws-lc-rs");
  const folder = mkdtempSync(join(tmpdir(), `samtykke-${name}-`));
  const file = join(folder, "key.json");
  const mp = await world();
  writeFileSync(file, JSON.stringify(mp.admin.privateJwk));
  return {
    mp,
    folder,
    /** Runs it to its end: whether it went well, and all it printed. */
    run: (extra = {}) =>
      new Promise((done) => {
        const { issuer, tokenEndpoint, selfService } = mp.environment;
        const env = {
          PATH: process.env.PATH,
          SystemRoot: process.env.SystemRoot,
          NO_PROXY: "127.0.0.1",
          ENVIRONMENT: [issuer, tokenEndpoint, selfService].join(" "),
          CLIENT_ID: mp.admin.clientId,
          KEY_FILE: file,
          ...extra,
        };
        execFile(program, { env, timeout: 60_000 }, (error, stdout, stderr) => {
          const output = stdout + stderr;
          for (const secret of [mp.admin.privateJwk.d, "eyJ"]) assert.ok(!output.includes(secret), "a secret is printed");
          done({ ok: !error, output });
        });
      }),
    async close() {
      rmSync(folder, { recursive: true });
      await mp.close();
    },
  };
}
