import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], pool: 'threads', testTimeout: 20_000 } },
      {
        test: {
          name: 'interop',
          include: ['test/interop/*.test.ts'],
          // One private network serves the whole suite; running files side by side would only make them fight for it.
          fileParallelism: false,
          globalSetup: ['test/interop/support/global-network.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'interop-varied',
          include: ['test/interop/varied/*.test.ts'],
          fileParallelism: false,
          globalSetup: ['test/interop/support/global-varied-network.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
