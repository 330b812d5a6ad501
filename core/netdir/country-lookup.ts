/** From an address to the country that it is registered in, as everybody asks for it. */

/** Two lower-case letters (ISO 3166-1), as users write them in braces. */
export type CountryCode = string

export interface CountryLookup {
  /** `value` is big-endian: 1.2.3.4 is 0x01020304. Undefined where the country is not known. */
  countryOfIpv4(value: number): CountryCode | undefined
  /** `host` is an IP literal of either family. */
  countryOf(host: string): CountryCode | undefined
}

/** Knows no country. */
export const NO_COUNTRIES: CountryLookup = { countryOfIpv4: () => undefined, countryOf: () => undefined }
