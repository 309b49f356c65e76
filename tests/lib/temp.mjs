// Temporary folders for the tests, removed when they are done with and at the latest when the process ends.
// Refuses to leave anything behind on an error: `withTempDir` removes in a finally.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made = new Set();
process.once("exit", () => {
  for (const dir of made) removeDir(dir);
});

/** A new empty folder. Its path has no symbolic link in it: on macOS the system's own has one, and bundlers then see two of every file. */
export function tempDir(prefix = "samtykke") {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), `${prefix}-`)));
  made.add(dir);
  return dir;
}

/** Removes a folder. A browser that has just been ended may still be writing, so a few tries are made. */
export function removeDir(dir) {
  made.delete(dir);
  try {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  } catch {
    /* the system cleans its temporary folder */
  }
}

export async function withTempDir(prefix, use) {
  const dir = tempDir(prefix);
  try {
    return await use(dir);
  } finally {
    removeDir(dir);
  }
}
