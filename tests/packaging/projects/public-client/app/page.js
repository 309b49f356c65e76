import { callback, isCallback, provider, redirect } from "samtykke/browser";
import { exchange } from "samtykke/exchange";

const server = provider({
  issuer: ISSUER,
  authorizationEndpoint: `${ISSUER}/authorize`,
  tokenEndpoint: `${ISSUER}/token`,
  clientId: "page-1",
  redirectUri: `${location.origin}/`,
  development: true,
});

if (isCallback()) {
  const code = callback(server);
  const { accessToken, expiresIn } = await exchange(server, code);
  const again = await exchange(server, code).catch((error) => error.code);
  const path = (address) => address.slice(location.origin.length);
  document.querySelector("#result").textContent =
    `${accessToken} ${expiresIn}; again: ${again}; at ${path(location.href)}; back to ${path(code.kept.returnTo)}`;
} else {
  history.replaceState(null, "", "/?cart=7");
  redirect(server, { scope: "read" });
}
