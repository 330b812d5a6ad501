/** The utility process with the core in it. */
import '../core/index.ts'

process.parentPort.postMessage({ kind: 'ready' })
