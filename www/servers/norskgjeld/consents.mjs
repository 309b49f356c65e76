// The consents people have given, whether each is still active, and the event feed they leave behind.
// Norsk Gjeldsinformasjon: without days ten minutes and one lookup; with days any number until expiry.
// Refuses a second lookup on a default consent, and any lookup on one that is revoked or past its time.

import { randomUUID } from "node:crypto";

const RETENTION_MS = 7 * 86_400_000;
const DEFAULT_SECONDS = 600;
// Numbers rise but have holes, as when other clients' events lie between: 7, 8, 13, 14, 19, ...
const STEPS = [1, 5];
// A consent is written to the feed a little after it was given, so numbers are not in time order.
const LATE_MS = [0, 2000, 500];

export class Consents {
  #clock;
  #byId = new Map();
  #events = [];
  #nextNumber = 7;
  #created = 0;

  constructor(clock) {
    this.#clock = clock;
  }

  create({ clientId, nin, scope, days = null, grantId, externalId, loggedInAt }) {
    const late = LATE_MS[this.#created % LATE_MS.length];
    this.#created += 1;
    const created = this.#clock.now();
    const consent = {
      id: randomUUID(),
      clientId,
      nin,
      scope,
      days,
      grantId,
      externalId,
      loggedInAt,
      createdAt: created,
      exp: Math.floor(created / 1000) + (days === null ? DEFAULT_SECONDS : days * 86_400),
      lookups: 0,
      ended: undefined, // "used" | "revoked" | "expired"
    };
    this.#byId.set(consent.id, consent);
    this.#write(consent, "SAMTYKKE_OPPRETTET", created - late);
    return consent;
  }

  get(id) {
    this.sweep();
    return this.#byId.get(id);
  }

  byGrant(grantId) {
    this.sweep();
    return [...this.#byId.values()].find((consent) => consent.grantId === grantId);
  }

  byExternalId(clientId, externalId) {
    this.sweep();
    return [...this.#byId.values()].find((c) => c.clientId === clientId && c.externalId === externalId);
  }

  all() {
    this.sweep();
    return [...this.#byId.values()];
  }

  /** Counts a lookup; a default consent is spent by its first. */
  spend(consent) {
    consent.lookups += 1;
    if (consent.days === null) this.#end(consent, "used");
  }

  revoke(consent) {
    this.#end(consent, "revoked");
  }

  /** Ends every consent whose time has passed; called before each read, so no timer is needed. */
  sweep() {
    for (const consent of this.#byId.values()) {
      if (!consent.ended && consent.exp <= this.#clock.seconds()) this.#end(consent, "expired", consent.exp * 1000);
    }
  }

  #end(consent, why, at = this.#clock.now()) {
    if (consent.ended) return;
    consent.ended = why;
    this.#write(consent, "SAMTYKKE_ARKIVERT", at);
  }

  #write(consent, eventType, at) {
    const { clientId, id, scope, externalId } = consent;
    const created = { clientId, consentId: id, scope, ...(externalId === undefined ? {} : { externalConsentId: externalId }) };
    // In the documented example the inner id of an archived event is the client's own id for the consent.
    const archived = { clientId, consentId: externalId ?? id };
    this.#events.push({
      clientId,
      writtenAt: this.#clock.now(),
      body: {
        sequenceNr: this.#nextNumber,
        eventId: randomUUID(),
        consentId: id,
        timestamp: this.#clock.iso(at),
        eventType,
        samtykkeOpprettetEvent: eventType === "SAMTYKKE_OPPRETTET" ? created : null,
        samtykkeArkivertEvent: eventType === "SAMTYKKE_ARKIVERT" ? archived : null,
      },
    });
    this.#nextNumber += STEPS[(this.#events.length - 1) % STEPS.length];
  }

  /** A client's own events of the last seven days, by rising number. */
  events(clientId) {
    this.sweep();
    const oldest = this.#clock.now() - RETENTION_MS;
    return this.#events.filter((e) => e.clientId === clientId && e.writtenAt >= oldest).map((e) => e.body);
  }
}
