import { session } from "../../edge.js";

export default async function Me() {
  const found = await session();
  return <p>{found?.claims.sub ?? "nobody"}</p>;
}
