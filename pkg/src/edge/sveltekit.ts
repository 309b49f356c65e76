// Edge handlers in SvelteKit: a hook that answers the edge's paths and puts the session into `locals`, renewed before anything runs.

import type { SamtykkeError } from "../core/error.js";
import type { Edge } from "./edge.js";
import type { Session } from "./model.js";

/** What the hook puts into `locals`: `App.Locals` extends it. */
export interface EdgeLocals {
  /** The session; null where there is none. */
  session: Session | null;
  /** Why its tokens could not be renewed. */
  sessionError?: SamtykkeError;
}

/** What of SvelteKit's event is used. */
export interface SvelteKitEvent {
  readonly request: Request;
  readonly locals: object;
  /** The adapter's; Cloudflare's has the worker's context. */
  readonly platform?: unknown;
}

/**
 * The hook, for `handle` in `hooks.server.ts`.
 *
 * @example
 * ```ts
 * export const handle = edgeHandle(edge);
 * ```
 */
export function edgeHandle(edge: Pick<Edge, "handle" | "keepAlive">) {
  return async <Event extends SvelteKitEvent>({
    event,
    resolve,
  }: {
    event: Event;
    resolve: (event: Event) => Response | Promise<Response>;
  }): Promise<Response> => {
    const platform = event.platform as Partial<Record<"ctx" | "context", { waitUntil?(work: Promise<unknown>): void }>> | undefined;
    const context = platform?.ctx ?? platform?.context;
    if (context?.waitUntil) edge.keepAlive(event.request, (work) => context.waitUntil!(work));
    return edge.handle(event.request, (session, error) => {
      Object.assign(event.locals, { session, ...(error && { sessionError: error }) } satisfies EdgeLocals);
      return resolve(event);
    });
  };
}
