import { flow } from "./flow.js";

document.querySelector("#result").textContent = flow();
