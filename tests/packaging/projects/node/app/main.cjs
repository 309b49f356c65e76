// A program of the older kind, as many servers still are.
const { begin, finish, norskgjeld, SamtykkeError } = require("samtykke/browser");
const { edge } = require("./edge.js");
const { exchange } = require("./exchange.js");
const { flow } = require("./flow.js");

if (require("samtykke").SamtykkeError !== SamtykkeError) throw new Error("two copies of the error class");
if (![begin, finish, norskgjeld].every((one) => typeof one === "function")) throw new Error("an export is missing");
console.log(flow());
exchange().then((line) => console.log(line)).then(edge).then((line) => console.log(line));
