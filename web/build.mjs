// node build.mjs OUT_DIR: index.html, inspector.js and inspector.css. Nothing is written elsewhere, so that several
// builds of one source tree may run at the same time.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import config from "./vite.config.mjs";

const outDir = process.argv[2];
if (!outDir) {
  console.error("usage: node build.mjs OUT_DIR");
  process.exit(2);
}
await build({
  ...config,
  configFile: false,
  root: path.dirname(fileURLToPath(import.meta.url)),
  logLevel: "warn",
  build: { ...config.build, outDir: path.resolve(outDir), emptyOutDir: true },
});
