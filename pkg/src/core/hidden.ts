// What a value shows of itself where it is printed.

/** @internal Makes `console.log` of a value show that it is there, and no more. */
export function hideSecrets<T extends object>(value: T, name = "Tokens"): Readonly<T> {
  Object.defineProperty(value, Symbol.for("nodejs.util.inspect.custom"), { value: () => `${name} { … }` });
  return Object.freeze(value);
}
