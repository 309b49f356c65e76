// The JavaScript example against the local Selvbetjening: `node examples/selvbetjening.mjs`.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { linkPackage } from "../verdicts/run.mjs";
import { walks } from "./walk.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
linkPackage();
walks(() => [process.execPath, [join(root, "examples", "selvbetjening.mjs")]], root);
