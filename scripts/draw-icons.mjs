// Draws the icons of the app from `assets/icon.svg` and the tray's from the bulb in here, with Debian's Chromium; what
// comes out is committed, because packaging must not need a browser. `node scripts/draw-icons.mjs`
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const SIZES = [16, 32, 48, 64, 128, 256, 512, 1024]
/** What Windows shows, and what macOS names each size. */
const ICO_SIZES = [16, 32, 48, 64, 128, 256]
const ICNS_TYPES = { icp4: 16, icp5: 32, icp6: 64, ic07: 128, ic08: 256, ic09: 512, ic10: 1024 }

/** As the lights in the window: shape and colour both say the state, for eyes that tell colours badly. */
const TRAY = {
  off: { ink: '#8b8499', core: 'none', badge: '' },
  working: { ink: '#c98a1b', core: '#c98a1b', badge: '' },
  connected: {
    ink: '#8a5be0',
    core: '#8a5be0',
    badge: '<circle cx="25" cy="25" r="6" fill="#2aa767" stroke="#fff" stroke-width="1.5"/>',
  },
  trouble: {
    ink: '#d23b3b',
    core: '#d23b3b',
    badge:
      '<path d="M25 17.500 32 30.500H18Z" fill="#d23b3b" stroke="#fff" stroke-width="1.500" stroke-linejoin="round"/>',
  },
}
const OUTER =
  'M16 2.800c.9 3.300 2.900 5.400 5.600 7.400 3.700 2.700 6.200 5.400 6.200 9.600 0 5.400-5 9-11.800 9S4.200 25.200 4.200 19.800c0-4.200 2.500-6.900 6.200-9.600 2.700-2 4.700-4.100 5.600-7.400Z'
const INNER =
  'M16 11.200c.7 1.600 1.900 2.800 3.400 4.100 1.800 1.600 2.900 3.100 2.900 5 0 2.900-2.600 4.700-6.300 4.700s-6.300-1.800-6.300-4.700c0-1.900 1.100-3.400 2.900-5 1.500-1.300 2.700-2.500 3.400-4.100Z'

function traySvg({ ink, core, badge }) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="${ink}"><path d="${OUTER}" stroke-width="2.600" stroke-linejoin="round"/><path d="${INNER}" stroke-width="2" fill="${core}" stroke-linejoin="round"/>${badge}</svg>`
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})
const page = await browser.newPage()

async function draw(svg, size) {
  await page.setViewportSize({ width: size, height: size })
  const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`
  await page.setContent(
    `<body style="margin:0;background:transparent"><img src="${source}" width="${size}" height="${size}" style="display:block">`,
  )
  await page.waitForFunction('document.images[0].complete')
  return page.screenshot({ omitBackground: true })
}

/** A folder of PNG files in one, little-endian. */
function packIco(images) {
  const header = Buffer.alloc(6 + 16 * images.length)
  header.writeUInt16LE(1, 2)
  header.writeUInt16LE(images.length, 4)
  let offset = header.length
  images.forEach(({ size, png }, index) => {
    const at = 6 + 16 * index
    header.writeUInt8(size % 256, at)
    header.writeUInt8(size % 256, at + 1)
    header.writeUInt16LE(1, at + 4)
    header.writeUInt16LE(32, at + 6)
    header.writeUInt32LE(png.length, at + 8)
    header.writeUInt32LE(offset, at + 12)
    offset += png.length
  })
  return Buffer.concat([header, ...images.map(({ png }) => png)])
}

/** The same for macOS: type, length, bytes, big-endian. */
function packIcns(images) {
  const chunks = images.map(({ type, png }) => {
    const head = Buffer.alloc(8)
    head.write(type, 'latin1')
    head.writeUInt32BE(png.length + 8, 4)
    return Buffer.concat([head, png])
  })
  const head = Buffer.alloc(8)
  head.write('icns', 'latin1')
  head.writeUInt32BE(8 + chunks.reduce((sum, chunk) => sum + chunk.length, 0), 4)
  return Buffer.concat([head, ...chunks])
}

const icon = readFileSync('assets/icon.svg', 'utf8')
const drawn = new Map()
for (const size of SIZES) drawn.set(size, await draw(icon, size))
mkdirSync('assets/icons', { recursive: true })
mkdirSync('assets/tray', { recursive: true })
for (const size of SIZES) writeFileSync(`assets/icons/${size}x${size}.png`, drawn.get(size))
writeFileSync('assets/icon.ico', packIco(ICO_SIZES.map((size) => ({ size, png: drawn.get(size) }))))
writeFileSync(
  'assets/icon.icns',
  packIcns(Object.entries(ICNS_TYPES).map(([type, size]) => ({ type, png: drawn.get(size) }))),
)
for (const [light, look] of Object.entries(TRAY)) {
  writeFileSync(`assets/tray/${light}.png`, await draw(traySvg(look), 22))
  writeFileSync(`assets/tray/${light}@2x.png`, await draw(traySvg(look), 44))
}
await browser.close()
