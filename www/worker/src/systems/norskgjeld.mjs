// Norsk Gjeldsinformasjon without a person: a consent that was collected elsewhere is registered, read, and withdrawn.
// Norsk Gjeldsinformasjon: client credentials, one audience for each service; integrated consent; the event feed.
// Refuses a step before the one it needs: nothing is looked up that was not registered here.
import { AgreementApi, ConsentFeed, DebtApi, audiences } from "samtykke/norskgjeld";
import { service } from "../settings.mjs";

// Made-up people of the local provider.
const PERSON = "14842249091";

function tools({ its, fetch }) {
  const { client, provider } = service(its, "/auth/callback", { fetch });
  const token = (scope, name) => async () => (await client.clientCredentials({ scope, audience: audiences(provider)[name] })).accessToken;
  return { client, provider, token, options: (scope, name) => ({ token: token(scope, name), fetch, timeout: its.timeout }) };
}

const CREATE = "consent.create";
const DEBT = "debt.unsecured.presentation";
const EVENTS = "client.access.consent.events";

export const norskgjeld = {
  id: "norskgjeld",
  ready: (env) => env.NORSKGJELD_ENVIRONMENT === "local",
  steps: {
    async token({ its, fetch }) {
      const { client, provider } = tools({ its, fetch });
      const { audience } = { audience: audiences(provider).agreement };
      const { tokenType, expiresIn, scope } = await client.clientCredentials({ scope: CREATE, audience });
      return [
        { name: "audience", value: audience },
        { name: "token_type", value: tokenType },
        { name: "expires_in", value: String(expiresIn) },
        { name: "scope", value: scope ?? "" },
      ];
    },
    async register({ its, fetch, left }) {
      const { provider, options } = tools({ its, fetch });
      const consent = await new AgreementApi(provider, options(CREATE, "agreement")).register({
        nin: PERSON,
        purpose: "presentation",
        days: 30,
        clientConsentId: `demo-${crypto.randomUUID()}`,
      });
      left.consent = consent.id;
      return [
        { name: "id", value: consent.id },
        { name: "scope", value: consent.scope ?? "" },
        { name: "expires_at", value: new Date((consent.expiresAt ?? 0) * 1000).toISOString() },
      ];
    },
    async debt({ its, fetch, left }) {
      const { provider, options } = tools({ its, fetch });
      const { loans = [], numberOfCreditorsAnswered } = await new DebtApi(provider, options(DEBT, "debt")).debtById(left.consent ?? "");
      return [
        { name: "loans", value: String(loans.length) },
        { name: "creditors", value: String(numberOfCreditorsAnswered ?? "") },
      ];
    },
    async feed({ its, fetch }) {
      const { provider, options } = tools({ its, fetch });
      const { events, cursor } = await new ConsentFeed(provider, options(EVENTS, "consentEvents")).read();
      return [
        { name: "events", value: String(events.length) },
        { name: "cursor", value: String(cursor) },
      ];
    },
    async withdraw({ its, fetch, left }) {
      const { provider, options } = tools({ its, fetch });
      const { withdrawn } = await new DebtApi(provider, options(DEBT, "debt")).revoke(left.consent ?? "");
      return [{ name: "withdrawn", value: String(withdrawn) }];
    },
  },
};
