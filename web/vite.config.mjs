// Used by `npm run dev` as it is, and by build.mjs. A plain object of JavaScript: Vite would first compile a TypeScript
// one, into a file beside it, and the source tree is not written to while it is built.

/** @type {import("vite").UserConfig} */
export default {
  base: "/inspector/",
  esbuild: { jsx: "automatic" },
  build: {
    // The names are fixed because CMake embeds the files by name; dompetd tells browsers to ask again each time.
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions: {
      output: { entryFileNames: "inspector.js", assetFileNames: "inspector[extname]", inlineDynamicImports: true },
    },
  },
  server: {
    proxy: { "/v1": process.env.DOMPET_URL ?? "http://127.0.0.1:8080" },
  },
  test: { include: ["src/**/*.test.ts"] },
};
