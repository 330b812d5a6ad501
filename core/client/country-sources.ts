/** Where a client's table of countries is read from: the files that the user named, else the one that ships with us. */
import { Countries } from '../netdir/countries.ts'
import { readBundledFile, readUserFile } from '../persist/data-file.ts'
import type { Clock } from '../util/clock.ts'
import type { ClientConfig } from './config.ts'

/** The largest that C tor ships has 16 MB. */
const MAX_TEXT_BYTES = 100_000_000

export function createCountries(
  { geoIpFile, geoIpv6File }: Pick<ClientConfig, 'geoIpFile' | 'geoIpv6File'>,
  clock: Clock,
): Countries {
  const readText = (path: string | undefined, option: string): (() => Promise<string>) | undefined =>
    path === undefined ? undefined : () => readUserFile(path, option, MAX_TEXT_BYTES)
  const sources = {
    readBuiltIn: () => readBundledFile('countries.br'),
    readIpv4Text: readText(geoIpFile, 'GeoIPFile'),
    readIpv6Text: readText(geoIpv6File, 'GeoIPv6File'),
  }
  return new Countries(sources, clock)
}
