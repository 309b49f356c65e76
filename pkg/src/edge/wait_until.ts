// What keeps a worker alive after its response. Cloudflare's runtime has a function for it, without the request's context.

import type { WaitUntil } from "./options.js";

let found: WaitUntil | undefined;

// By a name that no bundler looks for: only workerd has the module.
const MODULE = "cloudflare:workers";
if (globalThis.navigator?.userAgent === "Cloudflare-Workers") {
  import(/* @vite-ignore */ /* webpackIgnore: true */ MODULE).then(
    (module: { readonly waitUntil?: WaitUntil }) => {
      found = module.waitUntil;
    },
    () => {},
  );
}

/** @internal The runtime's own, where it has one. */
export const runtimeWaitUntil = (): WaitUntil | undefined => found;
