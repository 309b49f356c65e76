import { sessionContext } from "../session.js";

export const loader = ({ context }) => ({ sub: context.get(sessionContext)?.claims.sub ?? "nobody" });

export default function Me({ loaderData }) {
  return <p>{loaderData.sub}</p>;
}
