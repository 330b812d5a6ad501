// Compiles the two text files of Debian's package tor-geoipdb (the IPFire Location Database) to the built-in country
// table, and writes its licence notice beside it. How to renew the table:
//
//   apt-get download tor-geoipdb && dpkg-deb -x tor-geoipdb_*.deb geoipdb
//   node scripts/compile-geoip.mjs "tor-geoipdb 0.4.9.11-0+deb12u1" geoipdb/usr/share/tor/geoip geoipdb/usr/share/tor/geoip6
//
// The same input gives the same table; what is left out and joined is said in core/netdir/geoip-text.ts.
import { readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'
import { build } from 'esbuild'

const OUTPUT = 'core/persist/bundled'
const [source, ipv4File, ipv6File] = process.argv.slice(2)
if (source === undefined || ipv4File === undefined || ipv6File === undefined) {
  console.error('usage: node scripts/compile-geoip.mjs SOURCE GEOIP GEOIP6')
  process.exit(1)
}

const compiler = 'node_modules/.cache/allium/compile-geoip.mjs'
await build({
  stdin: {
    contents: `
      export { CountryTable } from './core/netdir/country-table.ts'
      export { encodeCountryTable } from './core/netdir/geoip-format.ts'
      export { CountryCodes, parseGeoIpv4, parseGeoIpv6 } from './core/netdir/geoip-text.ts'
      export { finishSlices } from './core/netdoc/slices.ts'`,
    resolveDir: '.',
  },
  outfile: compiler,
  bundle: true,
  format: 'esm',
  platform: 'node',
  logLevel: 'warning',
})
const { CountryCodes, CountryTable, encodeCountryTable, finishSlices, parseGeoIpv4, parseGeoIpv6 } =
  await import(new URL(`../${compiler}`, import.meta.url).href)

const ipv4Text = readFileSync(ipv4File, 'utf8')
const codes = new CountryCodes()
const ipv4 = finishSlices(parseGeoIpv4(ipv4Text, codes))
const ipv6 = finishSlices(parseGeoIpv6(readFileSync(ipv6File, 'utf8'), codes))
const generated = /^# Generated: (.+)$/m.exec(ipv4Text)?.[1] ?? 'at an unknown date'
const table = new CountryTable(ipv4, ipv6)
const plain = encodeCountryTable(table, `IPFire Location Database, ${generated}, by way of ${source}`)
const packed = brotliCompressSync(plain, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
})
writeFileSync(`${OUTPUT}/countries.br`, packed)
writeFileSync(
  `${OUTPUT}/countries-licence.md`,
  `# The table of countries

\`countries.br\` says in which country an IP address is registered. It is made from the IPFire Location Database
(<https://location.ipfire.org/>), generated ${generated},
as text files of the Debian package ${source}.

It was changed: neighbouring ranges of one country are joined, IPv6 is kept by its upper 64 bits, entries that name no
present country count as unknown, and the whole is packed by \`scripts/compile-geoip.mjs\`.

The database and this table are licensed under the Creative Commons Attribution-ShareAlike 4.0 International License,
<https://creativecommons.org/licenses/by-sa/4.0/>. The licence of the program does not cover them.
`,
)
console.log(
  `${ipv4.starts.length} IPv4 and ${ipv6.highs.length} IPv6 segments, ${codes.list.length - 1} countries: ` +
    `${packed.length} bytes`,
)
