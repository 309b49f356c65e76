// Of node-forge what pkcs12.ts uses: no types come with it. Octets are strings whose letters are octets.

declare module "node-forge/lib/util.js" {
  export interface Octets {
    getBytes(): string;
  }
  const util: { createBuffer(octets: string): Octets };
  export default util;
}

declare module "node-forge/lib/asn1.js" {
  const asn1: { fromDer(octets: string): object };
  export default asn1;
}

declare module "node-forge/lib/pbe.js" {
  import type { Octets } from "node-forge/lib/util.js";
  export interface Digest {
    readonly digestLength: number;
  }
  const pbe: {
    generatePkcs12Key(password: string, salt: Octets, id: number, iterations: number, length: number, digest: Digest): Octets;
    getCipherForPKCS12PBE(scheme: string, parameters: object, password: string): { update(octets: Octets): void; finish(): boolean; readonly output: Octets };
  };
  export default pbe;
}

declare module "node-forge/lib/sha1.js" {
  import type { Digest } from "node-forge/lib/pbe.js";
  const hash: { create(): Digest };
  export default hash;
}

declare module "node-forge/lib/sha256.js" {
  import type { Digest } from "node-forge/lib/pbe.js";
  const hash: { create(): Digest };
  export default hash;
}

declare module "node-forge/lib/sha512.js" {
  import type { Digest } from "node-forge/lib/pbe.js";
  const hash: { create(): Digest; readonly sha384: { create(): Digest } };
  export default hash;
}
