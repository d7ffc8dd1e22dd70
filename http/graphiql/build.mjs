// node build.mjs OUT_DIR: index.html, graphiql.js and graphiql.css, one file of each kind. Nothing is written elsewhere, so
// that several builds of one source tree may run at the same time.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const outDir = process.argv[2];
if (!outDir) {
  console.error("usage: node build.mjs OUT_DIR");
  process.exit(2);
}
await build({
  configFile: false,
  root: path.dirname(fileURLToPath(import.meta.url)),
  base: "/graphiql/",
  logLevel: "warn",
  esbuild: { jsx: "automatic" },
  build: {
    outDir: path.resolve(outDir),
    emptyOutDir: true,
    modulePreload: false,
    cssCodeSplit: false,
    // Fonts go into the style sheet: the page is three files.
    assetsInlineLimit: 1_000_000,
    // It is an editor: two megabytes, compressed by whoever stands in front.
    chunkSizeWarningLimit: 4_000,
    rollupOptions: {
      // "use client" means nothing in a page that is all client.
      onwarn: (warning, warn) => warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning),
      output: { entryFileNames: "graphiql.js", assetFileNames: "graphiql[extname]", inlineDynamicImports: true },
    },
  },
});
