// Reads a bearer token at the API: what kind it is, for whom, for which scopes, and whether it is too old.
// RFC 6750 2.1 (the header only); a code's token is tied to one consent, a client's token to an audience.
// Refuses the token in a form body or URL, and any handle this instance did not make.

export async function readBearer(header, { handles, provider }) {
  if (header === undefined) return { problem: "missing" };
  const [, handle] = /^bearer +(\S+)$/i.exec(header) ?? [];
  const id = handles.open(handle);
  if (id === undefined) return { problem: "unknown" };
  const anyAge = { ignoreExpiration: true };
  const byCode = await provider.AccessToken.find(id, anyAge);
  const token = byCode ?? (await provider.ClientCredentials.find(id, anyAge));
  if (!token) return { problem: "unknown" };
  if (token.isExpired) return { problem: "expired" };
  return {
    kind: byCode ? "code" : "client",
    clientId: token.clientId,
    grantId: token.grantId,
    scopes: (token.scope ?? "").split(" ").filter(Boolean),
    audience: token.extra?.audience ?? [],
  };
}
