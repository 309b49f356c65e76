import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { callback, isCallback, provider, redirect } from "samtykke/browser";
import { useOnce } from "samtykke/react";

const consent = provider({
  issuer: "https://op.example",
  authorizationEndpoint: "https://op.example/authorize",
  clientId: "client-1",
  redirectUri: `${location.origin}/`,
  development: true,
});

const runs = { effects: 0, works: 0 };

async function finish() {
  runs.works++;
  const { code, kept } = callback(consent);
  runs.address = location.href.slice(location.origin.length);
  await new Promise((done) => setTimeout(done, 100));
  return `${code} ${kept.state} ${kept.returnTo.slice(location.origin.length)}`;
}

/** A second answer of the same flow: it fails, and its error reaches the component. */
const replayed = () => callback(consent, { url: `${location.origin}/?code=x&state=unknown-unknown-unknown` });

function Late() {
  const outcome = useOnce(isCallback() && finish);
  return <i id="late">{outcome.status}</i>;
}

function Page() {
  const outcome = useOnce(isCallback() && finish);
  const failure = useOnce(outcome.status === "done" && replayed, "failure");
  const [late, setLate] = useState(false);
  useEffect(() => {
    runs.effects++;
  }, []);
  useEffect(() => {
    if (failure.status === "failed") setLate(true);
  }, [failure]);
  useEffect(() => {
    const found = document.querySelector("#late")?.textContent;
    if (!late || !found) return;
    const text = `${outcome.value}; late: ${found}; failed: ${failure.status} ${failure.error.code}; runs: ${runs.effects} ${runs.works}; at ${runs.address}`;
    document.querySelector("#result").textContent = text;
  });
  return late ? <Late /> : <i>{outcome.status}</i>;
}

if (isCallback()) {
  createRoot(document.querySelector("#root")).render(
    <StrictMode>
      <Page />
    </StrictMode>,
  );
} else {
  // In place of the server: it sends the browser back at once.
  const navigate = (url) => {
    const state = new URL(url).searchParams.get("state");
    location.assign(`/?tab=2&${new URLSearchParams({ code: "made-up.code", state })}#offers`);
  };
  redirect(consent, { scope: "read" }, { state: "cart-7", returnTo: "/#offers", navigate });
}
