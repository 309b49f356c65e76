import { expect, test } from "vitest";
import { SigningKey } from "samtykke";
import { edge } from "./edge.js";
import { exchange } from "./exchange.js";
import { flow } from "./flow.js";

test("this is another realm: what the runtime makes is of no class that the tests know", async () => {
  expect(new TextEncoder().encode("x") instanceof Uint8Array).toBe(false);
});
test("the page's part", () => expect(flow()).toBe("access-preprod.norskgjeld.no made-up.code state_mismatch"));
test("a server's part", async () => expect(await exchange()).toMatch(/^made-up-token 3599 <- POST/));
test("a worker's handlers", async () => expect(await edge()).toBe("303 access-preprod.norskgjeld.no sealed 303 / made-up-token"));
for (const [alg, octets] of [
  ["ES256", 64],
  ["EdDSA", 64],
  ["PS256", 384],
]) {
  test(`a key for ${alg}`, async () => {
    const key = await SigningKey.generate({ alg });
    expect((await key.sign("text")).length).toBe(octets);
  });
}
test("a key from its JWK", async () => {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const key = await SigningKey.fromJwk(await crypto.subtle.exportKey("jwk", pair.privateKey));
  expect((await key.sign("text")).length).toBe(64);
});
