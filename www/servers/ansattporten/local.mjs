// The local Ansattporten, as `start` opens it.

import { SETTINGS as GENERIC, opened } from "../generic/local.mjs";
import { createAnsattporten } from "./index.mjs";

export const SETTINGS = GENERIC;
export const open = ({ name: _, ...options }) => opened((given) => createAnsattporten({ ...given, name: "Ansattporten" }), options, { alg: "RS256" });
