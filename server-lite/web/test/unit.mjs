// Bundles the unit tests (they are TypeScript, and import the page's sources) and runs them by Node's test runner.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const web = dirname(here);
const input = readdirSync(join(here, "unit"))
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => join(here, "unit", name));
const outDir = mkdtempSync(join(tmpdir(), "meshlite-web-test-"));
try {
  await build({
    root: web,
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    build: { ssr: true, target: "node20", outDir, emptyOutDir: true, rollupOptions: { input } },
  });
  const files = readdirSync(outDir)
    .filter((name) => /\.test\.m?js$/.test(name))
    .map((name) => join(outDir, name));
  const run = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit", cwd: web });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(outDir, { recursive: true, force: true });
}
