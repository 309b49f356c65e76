// The local ID-porten, as `start` opens it.

import { SETTINGS as GENERIC, opened } from "../generic/local.mjs";
import { createIdPorten } from "./index.mjs";

export const SETTINGS = GENERIC;
export const open = ({ name: _, ...options }) => opened((given) => createIdPorten({ ...given, name: "ID-porten" }), options, { alg: "RS256" });
