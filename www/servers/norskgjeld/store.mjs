// Storage adapter for oidc-provider: one Map per model and instance, so that instances never meet.
// Carries RFC 6749 4.1.2 (codes are single use) and 10.5 (a replay revokes what the code gave).
// Refuses to share state between instances; an entry's age follows the provider's clock, not the machine's.

export function createStore(clock, clients) {
  const models = new Map();

  class Adapter {
    entries = new Map();

    constructor(model) {
      this.model = model;
    }

    async upsert(id, payload) {
      this.entries.set(id, { payload, skew: clock.skew() });
    }

    async find(id) {
      if (this.model === "Client") return clients.metadata(id);
      return this.#aged(this.entries.get(id));
    }

    async findByUid(uid) {
      for (const entry of this.entries.values()) {
        if (entry.payload.uid === uid) return this.#aged(entry);
      }
      return undefined;
    }

    async findByUserCode() {
      return undefined; // the device flow is not offered
    }

    async consume(id) {
      const entry = this.entries.get(id);
      if (entry) entry.payload.consumed = clock.seconds();
    }

    async destroy(id) {
      this.entries.delete(id);
    }

    async revokeByGrantId(grantId) {
      for (const [id, { payload }] of this.entries) {
        if (payload.grantId === grantId) this.entries.delete(id);
      }
    }

    // oidc-provider compares `exp` with Date.now(). When the provider's clock has moved by n seconds
    // since the entry was written, the entry is shown n seconds older, which has the same effect.
    #aged(entry) {
      if (!entry) return undefined;
      const passed = clock.skew() - entry.skew;
      const { payload } = entry;
      if (passed === 0) return { ...payload };
      return {
        ...payload,
        ...(payload.iat === undefined ? {} : { iat: payload.iat - passed }),
        ...(payload.exp === undefined ? {} : { exp: payload.exp - passed }),
      };
    }
  }

  return (model) => {
    if (!models.has(model)) models.set(model, new Adapter(model));
    return models.get(model);
  };
}
