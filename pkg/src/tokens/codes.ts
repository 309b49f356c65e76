// Generated from src/ground/error/codes.rs by `npm run generate`; edit that file.

/** Every code that a question for a token can end in. */
export const CODES: ReadonlySet<string> = new Set(
  "token_error token_response_malformed token_response_too_large http_status_unexpected redirect_refused content_type_unexpected token_type_unexpected algorithm_refused signing_failed claim_refused dpop_nonce_missing dpop_nonce_refused network_error timeout aborted".split(
    " ",
  ),
);
