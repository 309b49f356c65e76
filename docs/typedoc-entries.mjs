// Names the API's modules as they are imported: the file `edge_store` is "samtykke/edge/store".

import { readFileSync } from "node:fs";
import { Converter, ReflectionKind } from "typedoc";

const { name, exports } = JSON.parse(readFileSync(new URL("../pkg/package.json", import.meta.url), "utf8"));
const names = new Map(
  Object.entries(exports)
    .filter(([, { types }]) => types)
    .map(([entry, { types }]) => [types.match(/(\w+)\.d\.ts$/)[1], `${name}${entry.slice(1)}`]),
);

export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_, reflection) => {
    if (!reflection.kindOf(ReflectionKind.Module)) return;
    const known = names.get(reflection.name);
    if (!known) throw new Error(`no entry of the package has the file ${reflection.name}`);
    reflection.name = known;
  });
}
