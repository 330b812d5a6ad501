import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          // Processes that run many files each: starting and ending a thread for every file took half of the time, and
          // one that never ended has been seen. No module of ours keeps anything between files.
          pool: 'forks',
          isolate: false,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'renderer',
          include: ['test/renderer/**/*.test.ts'],
          // One browser and one page server serve all files.
          fileParallelism: false,
          pool: 'forks',
          isolate: false,
          globalSetup: ['test/renderer/support/global-page.ts'],
          expect: { poll: { timeout: 10_000 } },
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
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
      {
        test: {
          name: 'app',
          include: ['test/app/*.test.ts'],
          // One screen, and one app with its processes at a time.
          fileParallelism: false,
          globalSetup: ['test/interop/support/global-varied-network.ts', 'test/app/support/global-app.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
