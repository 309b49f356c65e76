// A CommonJS module in TypeScript.
import browser = require("samtykke/browser");

const host = (): string =>
  new URL(
    browser.begin(
      browser.norskgjeld({
        environment: "production",
        clientId: "eksempelbank-client",
        redirectUri: "https://www.example.com/callback",
      }),
      { purpose: "processing" },
    ).url,
  ).host;

export = { host };
