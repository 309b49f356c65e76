// A Chromium for machines that have none: npm's @sparticuz/chromium brings one for Linux on x64, with the libraries and fonts it needs.
// Beyond them it needs glibc and /proc, so it starts where no package of a browser was ever installed.
// Refuses to leave half a browser: everything is unpacked beside its place and moved there last.
import { createReadStream, createWriteStream, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

/** Whether the package has a browser for this system. */
export const hasChromium = () => process.platform === "linux" && process.arch === "x64";

/** The program below the folder that the package was installed into; it is there once it has been unpacked. */
export const chromiumIn = (folder) => join(folder, "browser", "chromium");

// Found from where the script itself lies, so that the folder may be moved.
const script = `#!/bin/sh
here="\${0%/*}"
LD_LIBRARY_PATH="$here/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
FONTCONFIG_FILE="$here/fonts.conf"
export LD_LIBRARY_PATH FONTCONFIG_FILE
exec "$here/headless" "$@"
`;

// Without any font Chromium ends at its first text. The same fonts everywhere also make the same pictures.
const fonts = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

/** Unpacks the browser of the package installed in `folder`, once, and gives its program. */
export async function unpackChromium(folder) {
  const program = chromiumIn(folder);
  if (existsSync(program)) return program;
  const packed = join(folder, "node_modules", "@sparticuz", "chromium", "bin");
  const { extract } = createRequire(join(packed, "x.js"))("tar-fs");
  const into = mkdtempSync(join(folder, "unpacking-"));
  const unpack = (name, target) => pipeline(createReadStream(join(packed, name)), createBrotliDecompress(), target);
  await Promise.all([
    unpack("chromium.br", createWriteStream(join(into, "headless"), { mode: 0o755 })),
    unpack("al2023.tar.br", extract(into)),
    unpack("fonts.tar.br", extract(into)),
    // The software renderer is looked for beside the program.
    unpack("swiftshader.tar.br", extract(into)),
  ]);
  writeFileSync(join(into, "fonts.conf"), fonts);
  writeFileSync(join(into, "chromium"), script, { mode: 0o755 });
  try {
    renameSync(into, join(folder, "browser"));
  } catch (error) {
    rmSync(into, { recursive: true, force: true });
    if (!existsSync(program)) throw error; // else another process was faster
  }
  return program;
}
