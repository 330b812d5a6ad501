/** Which country an address is registered in: sorted segments in typed arrays, some 5 MB, found by binary search. */
import { IPV6_BYTES, parseIp } from '../util/ip-address.ts'
import type { CountryCode, CountryLookup } from './country-lookup.ts'

/** What segments belong to. */
interface SegmentCountries {
  /** Two lower-case letters each; the first is the empty one of addresses that no country has. */
  readonly codes: readonly CountryCode[]
  /** For each segment its place in the list of codes. */
  readonly countries: Uint8Array
}

/** Each segment lasts until the next one starts. The first starts at 0. */
export interface Ipv4Segments extends SegmentCountries {
  readonly starts: Uint32Array
}

/** IPv6 is kept by its upper 64 bits: hardly a network is given out in smaller pieces. */
export interface Ipv6Segments extends SegmentCountries {
  /** Bits 0 to 31 of the start. */
  readonly highs: Uint32Array
  /** Bits 32 to 63. */
  readonly lows: Uint32Array
}

export class CountryTable implements CountryLookup {
  readonly ipv4: Ipv4Segments
  readonly ipv6: Ipv6Segments

  constructor(ipv4: Ipv4Segments, ipv6: Ipv6Segments) {
    this.ipv4 = ipv4
    this.ipv6 = ipv6
  }

  /** Whether any address at all is in this country. */
  hasCountry(code: CountryCode): boolean {
    return code !== '' && (this.ipv4.codes.includes(code) || this.ipv6.codes.includes(code))
  }

  countryOfIpv4(value: number): CountryCode | undefined {
    const { starts } = this.ipv4
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((starts[middle] ?? 0) <= value) low = middle
      else high = middle - 1
    }
    return codeOf(this.ipv4, low)
  }

  countryOf(host: string): CountryCode | undefined {
    const bytes = parseIp(host)
    if (bytes.length !== IPV6_BYTES) return this.countryOfIpv4(bytes.readUInt32BE(0))
    const { highs, lows } = this.ipv6
    const wantedHigh = bytes.readUInt32BE(0)
    const wantedLow = bytes.readUInt32BE(4)
    let low = 0
    let high = highs.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      const start = highs[middle] ?? 0
      if (start < wantedHigh || (start === wantedHigh && (lows[middle] ?? 0) <= wantedLow)) low = middle
      else high = middle - 1
    }
    return codeOf(this.ipv6, low)
  }
}

function codeOf({ codes, countries }: SegmentCountries, segment: number): CountryCode | undefined {
  const code = codes[countries[segment] ?? 0]
  return code === '' ? undefined : code
}
