// The local providers behind the page of the machine systems, started together, and what the worker must know of each.
// Strict, and judged by other libraries than ours; the tests use them too.
// Refuses nothing; their keys are made up when they start, and go to the worker alone.
import { startAcmIdm, API as ELYS, CLIENT as ACM_CLIENT, ORGANISATION } from "samtykke-local/acmidm";
import { startHalland, CLIENT as HALLAND_CLIENT, EXAMPLE, HSA, KEYS } from "samtykke-local/halland";
import { startApi, startHelseId } from "samtykke-local/helseid";
import { startMaskinporten } from "samtykke-local/maskinporten";
import { TEMPLATE, startSelvbetjening } from "samtykke-local/selvbetjening";

/** `file` keeps Maskinporten's self-service over restarts. */
export async function startLocals({ file } = {}) {
  const started = [];
  const kept = async (starting) => {
    const one = await starting;
    started.push(one);
    return one;
  };
  const close = async () => void (await Promise.allSettled(started.map((one) => one.close())));
  try {
    const [mp, acm, halland, helseid] = await Promise.all([
      kept(startMaskinporten({ file })),
      kept(startAcmIdm()),
      kept(startHalland()),
      kept(startHelseId({ pages: true })),
    ]);
    const self = await kept(startSelvbetjening({ helseid, refusals: 2 }));
    const apis = Object.fromEntries(await Promise.all(["nhn:phr", "nhn:kj"].map(async (name) => [name, (await kept(startApi(helseid, name))).origin])));
    const { keyPem, pem } = halland.certificate;
    return {
      close,
      /** What the worker is given, as JSON. */
      settings: {
        maskinporten: { environment: mp.environment, ...mp.admin },
        acmidm: { issuer: acm.issuer, clientId: ACM_CLIENT, key: acm.key, audience: ELYS, elys: acm.elys.origin, organisation: ORGANISATION },
        halland: {
          issuer: halland.adfs.issuer,
          clientId: HALLAND_CLIENT,
          keyPem,
          pem,
          gateway: halland.gateway.origin,
          resources: [HSA, EXAMPLE],
          subscriberKeys: KEYS,
        },
        helseid: { issuer: helseid.issuer, selvbetjening: self.environment, organisation: TEMPLATE.organizations[0], apiKey: TEMPLATE.apiKey, apis },
      },
      /** Secrets that no answer to the page may hold. */
      secrets: [mp.admin.privateJwk.d, acm.key.d, ...KEYS, TEMPLATE.apiKey],
      /** What somebody else does meanwhile: the owner of an API approves a client. */
      async lever(request) {
        const { approve } = await request.json();
        self.control.approve(approve);
        return new Response(null, { status: 204 });
      },
      violations: () => [...mp.control.violations, ...self.control.violations()].map((found) => (typeof found === "string" ? found : JSON.stringify(found))),
    };
  } catch (error) {
    await close();
    throw error;
  }
}
