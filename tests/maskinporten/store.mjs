// What the local Maskinporten remembers: clients, keys, scopes, grants, delegations, its own keys, in one SQLite file, so that a
// demo survives a restart. ":memory:" for a run that leaves nothing.

import { rmSync } from "node:fs";
import { createRequire } from "node:module";

const { Database } = createRequire(import.meta.url)("node-sqlite3-wasm");

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS clients (id TEXT PRIMARY KEY, org TEXT NOT NULL, active INTEGER NOT NULL, json TEXT NOT NULL, jwks TEXT);
  CREATE TABLE IF NOT EXISTS scopes (name TEXT PRIMARY KEY, org TEXT NOT NULL, active INTEGER NOT NULL, json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS access (scope TEXT NOT NULL, consumer TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (scope, consumer));
  CREATE TABLE IF NOT EXISTS onbehalfof (client TEXT NOT NULL, name TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (client, name));
  CREATE TABLE IF NOT EXISTS delegations (consumer TEXT NOT NULL, supplier TEXT NOT NULL, scope TEXT NOT NULL, PRIMARY KEY (consumer, supplier, scope));
  CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS used (jti TEXT PRIMARY KEY, until INTEGER NOT NULL);`;

const read = (row, column = "json") => (row?.[column] ? JSON.parse(row[column]) : undefined);

/** Opens the file, or memory. */
export function openStore(file = ":memory:") {
  // The engine's lock is a folder beside the file; a process that was killed leaves it behind, and one server has one file.
  if (file !== ":memory:") rmSync(`${file}.lock`, { recursive: true, force: true });
  const db = new Database(file);
  db.exec(SCHEMA);
  const all = (sql, values = []) => db.all(sql, values);
  const one = (sql, values = []) => db.get(sql, values) ?? undefined;
  const put = (sql, values) => void db.run(sql, values);

  return {
    close: () => db.close(),
    meta: (name) => read(one("SELECT json FROM meta WHERE name = ?", [name])),
    setMeta: (name, value) => put("INSERT OR REPLACE INTO meta VALUES (?, ?)", [name, JSON.stringify(value)]),

    client(id) {
      const row = one("SELECT * FROM clients WHERE id = ?", [id]);
      return row && { org: row.org, active: !!row.active, ...read(row), jwks: read(row, "jwks") };
    },
    clients: (org, inactive) =>
      all("SELECT * FROM clients WHERE org = ? ORDER BY id", [org])
        .filter((row) => inactive || row.active)
        .map((row) => ({ ...read(row), active: !!row.active })),
    setClient(id, org, active, value) {
      const jwks = one("SELECT jwks FROM clients WHERE id = ?", [id])?.jwks ?? null;
      put("INSERT OR REPLACE INTO clients VALUES (?, ?, ?, ?, ?)", [id, org, active ? 1 : 0, JSON.stringify(value), jwks]);
    },
    setKeys: (id, set) => put("UPDATE clients SET jwks = ? WHERE id = ?", [set ? JSON.stringify(set) : null, id]),

    scope(name) {
      const row = one("SELECT * FROM scopes WHERE name = ?", [name]);
      return row && { ...read(row), owner_orgno: row.org, active: !!row.active };
    },
    scopes: () => all("SELECT * FROM scopes ORDER BY name").map((row) => ({ ...read(row), owner_orgno: row.org, active: !!row.active })),
    setScope: (name, org, active, value) => put("INSERT OR REPLACE INTO scopes VALUES (?, ?, ?, ?)", [name, org, active ? 1 : 0, JSON.stringify(value)]),

    access: (scope, consumer) => read(one("SELECT json FROM access WHERE scope = ? AND consumer = ?", [scope, consumer])),
    accesses: () => all("SELECT json FROM access ORDER BY scope, consumer").map((row) => read(row)),
    setAccess: (value) => put("INSERT OR REPLACE INTO access VALUES (?, ?, ?)", [value.scope, value.consumer_orgno, JSON.stringify(value)]),

    onBehalfOf: (client) => all("SELECT json FROM onbehalfof WHERE client = ? ORDER BY name", [client]).map((row) => read(row)),
    setOnBehalfOf: (client, name, value) => put("INSERT OR REPLACE INTO onbehalfof VALUES (?, ?, ?)", [client, name, JSON.stringify(value)]),
    dropOnBehalfOf: (client, name) => put("DELETE FROM onbehalfof WHERE client = ? AND name = ?", [client, name]),

    delegated: (consumer, supplier, scope) =>
      !!one("SELECT 1 AS there FROM delegations WHERE consumer = ? AND supplier = ? AND scope = ?", [consumer, supplier, scope]),
    delegate: (consumer, supplier, scope) => put("INSERT OR REPLACE INTO delegations VALUES (?, ?, ?)", [consumer, supplier, scope]),

    session: (token) => read(one("SELECT json FROM sessions WHERE token = ?", [token])),
    setSession: (token, value) => put("INSERT OR REPLACE INTO sessions VALUES (?, ?)", [token, JSON.stringify(value)]),

    /** Whether a `jti` is new; it is not any more afterwards. */
    use(jti, now) {
      put("DELETE FROM used WHERE until < ?", [now]);
      if (one("SELECT 1 AS there FROM used WHERE jti = ?", [jti])) return false;
      put("INSERT INTO used VALUES (?, ?)", [jti, now + 300]);
      return true;
    },
  };
}
