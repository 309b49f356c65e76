import { edge } from "./edge.js";
import { exchange } from "./exchange.js";
import { flow } from "./flow.js";

console.log(flow());
console.log(await exchange());
console.log(await edge());
