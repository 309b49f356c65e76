import process from "node:process";

const worker = process.env.WORKER_URL;

export default {
  clearScreen: false,
  server: worker ? { proxy: { "/exchange": worker, "/debt": worker } } : {},
};
