// What a client holds, for the parts of this package that work on its behalf.

import type { Party } from "./post.js";

/** @internal */
export const parties = new WeakMap<object, Party>();
