// What of React is used: all of it that this package asks for, so that no version of its types is needed to build it.
declare module "react" {
  export function useSyncExternalStore<T>(subscribe: (changed: () => void) => () => void, snapshot: () => T, onServer?: () => T): T;
}
