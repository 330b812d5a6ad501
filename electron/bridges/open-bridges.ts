/** The bridges as the main process has them: the library on its file, with the core's transports and the screen's eye. */
import { join } from 'node:path'
import { TRANSPORT_NAMES } from '../../core/index.ts'
import type { Clock } from '../clock.ts'
import type { AppLog, Publish } from '../parts.ts'
import { BridgeLibrary } from './bridge-library.ts'
import type { BridgeMeans } from './bridges-view.ts'
import { LibraryFile } from './library-file.ts'
import { readQrFromScreens, type ScreenCapture } from './screen-qr.ts'

export interface OpenBridgesParts {
  /** Where the app keeps its files. */
  readonly folder: string
  readonly clock: Pick<Clock, 'wallMs' | 'setTimer'>
  readonly log: AppLog
  readonly publish: Publish<'bridges'>
  readonly capture: ScreenCapture
  readonly network: () => string | undefined
  readonly builtIn: BridgeMeans['builtIn']
}

/** Never rejects. */
export function openBridges({
  folder,
  clock,
  log,
  publish,
  capture,
  network,
  builtIn,
}: OpenBridgesParts): Promise<BridgeLibrary> {
  return BridgeLibrary.open({
    store: new LibraryFile({ path: join(folder, 'bridges.json'), clock, log }),
    publish,
    log,
    transports: TRANSPORT_NAMES,
    network,
    builtIn,
    readQrFromScreen: () => readQrFromScreens(capture),
  })
}
