// Builds the app and opens it; what follows `npm start --` goes to the app.
import { execFileSync, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { describeRuntime, findRuntime } from './electron/find-runtime.mjs'

execFileSync(process.execPath, ['scripts/build-app.mjs'], { stdio: 'inherit' })
const runtime = findRuntime()
console.log(describeRuntime(runtime))
const args = process.argv.slice(2)
// Chromium's sandbox refuses to run for root.
if (process.getuid?.() === 0) args.unshift('--no-sandbox')
const child = spawn(runtime.executable, ['out/app', ...args], {
  stdio: 'inherit',
  env: { ...process.env, ALLIUM_RUNTIME_KIND: runtime.kind },
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
