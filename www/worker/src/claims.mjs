// Says once, across all isolates, that a login may go on: a Durable Object for each flow, which forgets it after an hour.
// RFC 6749 10.5 (a code is used once); Cloudflare runs each Durable Object in one place, and one storage step at a time.
// Refuses a second claim. Workers KV could not: it has no step that tests and sets.
import { DurableObject } from "cloudflare:workers";

export class Claims extends DurableObject {
  async claim() {
    if (await this.ctx.storage.get("claimed")) return false;
    await this.ctx.storage.put("claimed", true);
    await this.ctx.storage.setAlarm(Date.now() + 3_600_000);
    return true;
  }

  async alarm() {
    await this.ctx.storage.deleteAll();
  }
}
