import { edge } from "../../edge.js";

export default defineEventHandler(() => edge());
