// Region Halland: generated from src/provider/halland/provider.json by `npm run generate`; edit that file.

/** The header of the Subscriber Key, unless the publisher renamed it. */
export const SUBSCRIBER_KEY_HEADER: string = "Ocp-Apim-Subscription-Key";
