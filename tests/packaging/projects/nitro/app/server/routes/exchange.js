import { exchange } from "../../exchange.js";

export default defineEventHandler(() => exchange());
