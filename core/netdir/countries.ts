/** The countries of addresses, read only when somebody asks for one: until then they cost nothing. */
import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'
import { runSlices } from '../netdoc/slices.ts'
import type { Clock } from '../util/clock.ts'
import { TorError } from '../util/errors.ts'
import type { CountryCode, CountryLookup } from './country-lookup.ts'
import { CountryTable } from './country-table.ts'
import { decodeCountryTable } from './geoip-format.ts'
import { parseGeoIpv4, parseGeoIpv6 } from './geoip-text.ts'

const decompress = promisify(brotliDecompress)
/** Three times what the built-in table has. */
const MAX_TABLE_BYTES = 8_000_000

/** Where the tables are. A text replaces the built-in table for its family. */
export interface CountrySources {
  readBuiltIn(): Promise<Buffer>
  readonly readIpv4Text: (() => Promise<string>) | undefined
  readonly readIpv6Text: (() => Promise<string>) | undefined
}

export class Countries implements CountryLookup {
  readonly #sources: CountrySources
  readonly #clock: Clock
  #table: CountryTable | undefined
  #loading: Promise<void> | undefined

  constructor(sources: CountrySources, clock: Clock) {
    this.#sources = sources
    this.#clock = clock
  }

  get isLoaded(): boolean {
    return this.#table !== undefined
  }

  /** Resolves when the countries are at hand. Rejects with `bad-config` for a text that cannot be read; may be called again. */
  load(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  /**
   * Throws `no-path` while the countries are not at hand, and begins to read them: nothing may be decided by a country
   * that is not known yet.
   */
  checkLoaded(): void {
    if (this.isLoaded) return
    // Why it fails is said to whoever waits for `load`.
    this.load().catch(() => {})
    throw new TorError('no-path', 'the table of countries is not read yet', { retry: 'later' })
  }

  /** Whether any address at all is in this country; false until `load` is done. */
  hasCountry(code: CountryCode): boolean {
    return this.#table?.hasCountry(code) === true
  }

  /** Undefined for every address until `load` is done. */
  countryOfIpv4(value: number): CountryCode | undefined {
    return this.#table?.countryOfIpv4(value)
  }

  countryOf(host: string): CountryCode | undefined {
    return this.#table?.countryOf(host)
  }

  async #load(): Promise<void> {
    const { readIpv4Text, readIpv6Text } = this.#sources
    const ipv4 = await readIpv4Text?.()
    const ipv6 = await readIpv6Text?.()
    const ipv4Segments = ipv4 === undefined ? undefined : await this.#run(parseGeoIpv4(ipv4))
    const ipv6Segments = ipv6 === undefined ? undefined : await this.#run(parseGeoIpv6(ipv6))
    if (ipv4Segments !== undefined && ipv6Segments !== undefined) {
      this.#table = new CountryTable(ipv4Segments, ipv6Segments)
      return
    }
    const packed = await this.#sources.readBuiltIn()
    const plain = await decompress(packed, { maxOutputLength: MAX_TABLE_BYTES })
    const builtIn = await this.#run(decodeCountryTable(plain))
    this.#table = new CountryTable(ipv4Segments ?? builtIn.ipv4, ipv6Segments ?? builtIn.ipv6)
  }

  #run<T>(slices: Generator<undefined, T, undefined>): Promise<T> {
    return runSlices(slices, this.#clock)
  }
}
