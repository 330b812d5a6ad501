/** Builds the renderer: static files that load from the app's own scheme and from nowhere else. */
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: here('.'),
  base: './',
  plugins: [react(), tailwindcss()],
  build: {
    outDir: here('../out/app/renderer'),
    emptyOutDir: true,
    // The oldest Chromium that the app runs on: that of the test runtime.
    target: 'chrome114',
    // Inlined files would need `data:` in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // It is read from the disk, once.
    chunkSizeWarningLimit: 1_500,
  },
})
