import { defineConfig } from "vite";

// The result goes into the server binary (build.rs), which serves it under a strict content security policy:
// nothing inline, nothing from elsewhere.
export default defineConfig({
  base: "/",
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
  },
});
