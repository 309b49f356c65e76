// Generated from src/ground/error/codes.rs by `npm run generate`; edit that file.

/** Where each error's code has a section of its own: this, and the code. */
export const DOCS = "https://docs.rs/samtykke/latest/samtykke/errors/#";
