// The made-up people who can log in at the local ID-porten, with synthetic national identity numbers and how they logged in.
// docs.digdir.no, oidc_protocol_id_token: `sub` is pairwise, `pid` the number, `acr` the level, `amr` the means, `locale`.
// Refuses nothing: whether a level is enough is judged by the request.

export const SUBSTANTIAL = "idporten-loa-substantial";
export const HIGH = "idporten-loa-high";

export const PEOPLE = [
  { sub: "gCaGmnpFv9ZVWuVgO4bHLqmmkIVdYmyrO7b6s9QZoSY=", name: "Ingrid Fjellheim", pid: "14842249091", acr: HIGH, amr: ["BankID"] },
  { sub: "k2v2JmBXz8Fz0n1Y3m1f7Qe2bO3Z9cT0pXw4dRk6S1E=", name: "Jonas Solbakken", pid: "29868099311", acr: SUBSTANTIAL, amr: ["Minid-PIN"] },
];
