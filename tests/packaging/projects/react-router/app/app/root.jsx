import { Outlet } from "react-router";
import { edge } from "./edge.server.js";
import { sessionContext } from "./session.js";

export const middleware = [
  ({ request, context }, next) =>
    edge.handle(request, (session) => {
      context.set(sessionContext, session);
      return next();
    }),
];

export default function Root() {
  return (
    <html lang="en">
      <body>
        <Outlet />
      </body>
    </html>
  );
}
