// What the local Maskinporten remembers: clients, keys, scopes, grants, delegations, its own keys. In memory, and in one JSON file
// where one is named, so that a demo survives a restart: each change is written whole beside it and then put in its place.
// Refuses a file that is none of its own; what it hands out are copies.

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

const TABLES = ["meta", "clients", "scopes", "access", "onbehalfof", "delegations", "sessions", "used"];
const KIND = "samtykke-local/maskinporten 1";
/** One key of several words. */
const keyed = (...parts) => JSON.stringify(parts);

function loaded(file) {
  const kept = file && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { kind: KIND };
  if (kept.kind !== KIND) throw new Error(`${file} holds no state of a local Maskinporten`);
  return Object.fromEntries(TABLES.map((name) => [name, new Map(kept[name] ?? [])]));
}

/** Opens the file, or memory. */
export function openStore(file) {
  const tables = loaded(file);
  const save = () => {
    if (!file) return;
    const text = JSON.stringify({ kind: KIND, ...Object.fromEntries(TABLES.map((name) => [name, [...tables[name]]])) });
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  const get = (table, key) => structuredClone(tables[table].get(key));
  const put = (table, key, value) => {
    tables[table].set(key, structuredClone(value));
    save();
  };
  const drop = (table, key) => tables[table].delete(key) && save();
  /** Rows in the order of their keys. */
  const rows = (table) => structuredClone([...tables[table]].sort(([one], [other]) => (one < other ? -1 : 1)));

  const scopeOf = (row) => row && { ...row.value, owner_orgno: row.org, active: row.active };

  return {
    close: save,
    meta: (name) => get("meta", name),
    setMeta: (name, value) => put("meta", name, value),

    client(id) {
      const row = get("clients", id);
      return row && { org: row.org, active: row.active, ...row.value, jwks: row.jwks };
    },
    clients: (org, inactive) =>
      rows("clients")
        .map(([, row]) => row)
        .filter((row) => row.org === org && (inactive || row.active))
        .map((row) => ({ ...row.value, active: row.active })),
    setClient: (id, org, active, value) => put("clients", id, { org, active: !!active, value, jwks: get("clients", id)?.jwks }),
    setKeys(id, set) {
      const row = get("clients", id);
      if (row) put("clients", id, { ...row, jwks: set || undefined });
    },

    scope: (name) => scopeOf(get("scopes", name)),
    scopes: () => rows("scopes").map(([, row]) => scopeOf(row)),
    setScope: (name, org, active, value) => put("scopes", name, { org, active: !!active, value }),

    access: (scope, consumer) => get("access", keyed(scope, consumer)),
    accesses: () => rows("access").map(([, value]) => value),
    setAccess: (value) => put("access", keyed(value.scope, value.consumer_orgno), value),

    onBehalfOf: (client) =>
      rows("onbehalfof")
        .filter(([key]) => JSON.parse(key)[0] === client)
        .map(([, value]) => value),
    setOnBehalfOf: (client, name, value) => put("onbehalfof", keyed(client, name), value),
    dropOnBehalfOf: (client, name) => drop("onbehalfof", keyed(client, name)),

    delegated: (consumer, supplier, scope) => tables.delegations.has(keyed(consumer, supplier, scope)),
    delegate: (consumer, supplier, scope) => put("delegations", keyed(consumer, supplier, scope), true),

    session: (token) => get("sessions", token),
    setSession: (token, value) => put("sessions", token, value),

    /** Whether a `jti` is new; it is not any more afterwards. */
    use(jti, now) {
      for (const [old, until] of tables.used) if (until < now) tables.used.delete(old);
      if (tables.used.has(jti)) return false;
      put("used", jti, now + 300);
      return true;
    },
  };
}
