// Reads a file in PKCS#12 that is posted, its password in a header; answers what kind of key came out, and how many certificates.

import { SigningKey } from "samtykke";
import { readPkcs12 } from "samtykke/pkcs12";

export default {
  async fetch(request) {
    const password = decodeURIComponent(request.headers.get("x-password"));
    const pem = await readPkcs12(new Uint8Array(await request.arrayBuffer()), { password });
    const key = await SigningKey.fromPem(pem, { alg: request.headers.get("x-alg") });
    return Response.json({ signature: (await key.sign("x")).length, certificates: key.certificate.x5c.length });
  },
};
