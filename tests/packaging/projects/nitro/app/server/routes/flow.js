import { flow } from "../../flow.js";

export default defineEventHandler(() => flow());
