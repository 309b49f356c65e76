import { appendResponseHeader, defineEventHandler, toWebRequest } from "h3";
import { edge } from "../edge.js";

export default defineEventHandler(async (event) => {
  const request = toWebRequest(event);
  const answer = await edge.route(request);
  if (answer) return answer;
  const { session, cookies } = await edge.refresh(request);
  for (const cookie of cookies) appendResponseHeader(event, "set-cookie", cookie);
  if (cookies.length) appendResponseHeader(event, "cache-control", "private, no-store");
  event.context.session = session;
});
