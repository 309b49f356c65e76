"use client";
/**
 * For pages made with React, 18 or later: a hook that finishes a flow once. It stands alone: it needs `react`, and nothing of the rest.
 *
 * @packageDocumentation
 */
export { type Outcome, useOnce } from "../page/react.js";
