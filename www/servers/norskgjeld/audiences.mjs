// The audiences a token may be made for: one per service of this environment.
// Hydra's rule: scheme and host equal, path equal or below; Norsk Gjeldsinformasjon gives the three services.
// Refuses an audience of another environment with Hydra's well-known words.

export function createAudiences(apiUrl) {
  const services = {
    debt: `${apiUrl}/v1/debt`,
    agreement: `${apiUrl}/v1/consent/agreement`,
    feed: `${apiUrl}/feed/v1/consent`,
  };

  const covers = (allowed, asked) => {
    const [want, have] = [URL.canParse(asked) ? new URL(asked) : undefined, new URL(allowed)];
    if (!want || want.protocol !== have.protocol || want.host !== have.host) return false;
    const path = have.pathname.replace(/\/$/, "");
    return want.pathname === path || want.pathname.startsWith(`${path}/`);
  };

  return {
    services: Object.freeze(services),
    allowed: (asked) => Object.values(services).some((service) => covers(service, asked)),
    refusal: (asked) => `Requested audience '${asked}' has not been whitelisted by the OAuth 2.0 Client.`,
  };
}
