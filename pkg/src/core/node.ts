// Node's own crypto, for keys (signatures_node.ts) and for what is hashed and sealed beside a store: at once, where WebCrypto waits
// for another thread and the core for its text. By Node alone: Next's edge runtime has a `process` whose functions throw.

/** A cipher, either way. */
interface Cipher {
  setAAD(octets: Uint8Array): void;
  setAuthTag(tag: Uint8Array): void;
  getAuthTag(): Uint8Array<ArrayBuffer>;
  update(text: string, as: "utf8"): Uint8Array<ArrayBuffer>;
  update(octets: Uint8Array): Uint8Array<ArrayBuffer>;
  final(): Uint8Array<ArrayBuffer>;
}
interface NodeCrypto {
  /** From 20.12 and 21.7 on. */
  hash?(hash: string, text: string, as: string): string;
  createPrivateKey(of: object): object;
  createPublicKey(of: object): object;
  sign(hash: string | null, octets: Uint8Array, key: object): Uint8Array;
  verify(hash: string | null, octets: Uint8Array, key: object, signature: Uint8Array): boolean;
  hkdfSync(hash: string, key: Uint8Array, salt: Uint8Array, info: Uint8Array, octets: number): ArrayBuffer;
  createSecretKey(octets: Uint8Array): object;
  createCipheriv(name: string, key: object, iv: Uint8Array): Cipher;
  createDecipheriv(name: string, key: object, iv: Uint8Array, options: { readonly authTagLength: number }): Cipher;
}

const { navigator, process } = globalThis as {
  navigator?: { userAgent?: string };
  process?: { versions?: object; getBuiltinModule?(name: string): NodeCrypto };
};

/** @internal Node, and neither a runtime that looks like it nor a worker, whose timers end with the request that made them. */
export const isNode: boolean = !!process?.versions && /^(undef|Node)/.test(navigator?.userAgent as string);

let opened: NodeCrypto | undefined;

/** @internal Opened when first asked for, as that takes milliseconds; nothing elsewhere, and before 20.16. */
export const nodeCrypto = (): NodeCrypto | undefined => (isNode ? (opened ??= process!.getBuiltinModule?.("crypto")) : undefined);
