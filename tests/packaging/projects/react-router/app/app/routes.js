import { route } from "@react-router/dev/routes";

const edge = ["login", "callback", "logout"].map((path) => route(path, "routes/edge.js", { id: path }));
export default [route("me", "routes/me.jsx"), ...edge];
