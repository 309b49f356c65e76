import { SigningKey } from "samtykke";
import { edge } from "./edge.js";
import { exchange } from "./exchange.js";
import { flow } from "./flow.js";

test("the page's part", () => expect(flow()).toBe("access-preprod.norskgjeld.no made-up.code state_mismatch"));
test("a server's part", async () => expect(await exchange()).toMatch(/^made-up-token 3599 <- POST/));
test("a worker's handlers", async () => expect(await edge()).toBe("303 access-preprod.norskgjeld.no sealed 303 / made-up-token"));
test.each(["ES256", "EdDSA"])("a key for %s", async (alg) => {
  const key = await SigningKey.generate({ alg });
  expect((await key.sign("text")).length).toBe(64);
});
