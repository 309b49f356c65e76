// Chromium as a runtime for suites; browser.mjs says how a page runs one.
import { browserRuntime } from "./browser.mjs";

export const chromium = browserRuntime("chromium");
