import vue from "@vitejs/plugin-vue";

// Vite leaves packages out of a server's bundle unless it is told to take them in.
export default { plugins: [vue()], ...(process.env.BUNDLED && { ssr: { noExternal: true } }) };
