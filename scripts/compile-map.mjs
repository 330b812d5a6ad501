// Compiles Natural Earth's countries (public domain, by way of the npm package world-atlas) to the map that the app
// draws: renderer/map/world.json. How to renew it: update world-atlas, then `node scripts/compile-map.mjs`.
//
// Everything is projected here, so the app needs no map library: per country one path, and one point where its relays
// are drawn. The same input gives the same map.
import { writeFileSync } from 'node:fs'
import { geoContains, geoNaturalEarth1, geoPath } from 'd3-geo'
import { feature } from 'topojson-client'
import topology from 'world-atlas/countries-50m.json' with { type: 'json' }
import about from 'world-atlas/package.json' with { type: 'json' }

const OUTPUT = 'renderer/map/world.json'
/** Map units; a tenth of one is what a coordinate is rounded to. */
const WIDTH = 1000
/** Coast that deviates less than this from a straight line, in degrees, is not worth a point. */
const TOLERANCE_DEGREES = 0.18
/** Islets below this area, in square map units, are dots that nobody sees; a country's largest piece always stays. */
const MIN_ISLET_AREA = 0.35
/** The edge of the map lies in the Bering Strait, so that no country is torn apart. */
const ROTATE = [-11, 0]
/** Without Antarctica, which would take a fifth of the height; it has a point at the lower edge. */
const SOUTH = -56.5
const NORTH = 83.7

/** Latitude and longitude of what the IP address registries call countries and the atlas has no outline for. */
const POINTS_BY_HAND = {
  aq: [SOUTH, 11],
  bq: [12.18, -68.27],
  bv: [-54.42, 3.35],
  cc: [-12.17, 96.84],
  cx: [-10.49, 105.63],
  gf: [4.0, -53.1],
  gi: [36.14, -5.35],
  gp: [16.25, -61.55],
  mq: [14.65, -61.02],
  re: [-21.11, 55.53],
  sj: [78.6, 17.0],
  tk: [-9.2, -171.85],
  tv: [-8.52, 179.2],
  um: [19.28, 166.65],
  yt: [-12.82, 45.15],
}

const projection = geoNaturalEarth1().rotate(ROTATE)
projection.fitWidth(WIDTH, { type: 'Sphere' })
const [, top] = projection([-ROTATE[0], NORTH])
const [, bottom] = projection([-ROTATE[0], SOUTH])
const [moveX, moveY] = projection.translate()
projection.translate([moveX, moveY - top])
const height = Math.round(bottom - top)
const path = geoPath(projection).digits(1)

const world = feature(simplified(topology), topology.objects.countries)
const countries = []
const points = {}
for (const [code, pieces] of piecesByCode(world.features)) {
  const drawn = pieces.filter((piece, index) => index === 0 || path.area(piece) >= MIN_ISLET_AREA)
  const outline = path({ type: 'GeometryCollection', geometries: drawn })
  if (outline !== null) countries.push({ code, path: outline })
  if (code !== '') points[code] = rounded(middleOf(pieces[0]))
}
for (const [code, [latitude, longitude]] of Object.entries(POINTS_BY_HAND)) {
  points[code] = rounded(projection([longitude, latitude]))
}
countries.sort((a, b) => (a.code < b.code ? -1 : 1))
const map = {
  source: `Natural Earth 1:50m (public domain), by way of world-atlas ${about.version}; Natural Earth projection`,
  width: WIDTH,
  height,
  countries,
  points: Object.fromEntries(Object.entries(points).sort(([a], [b]) => (a < b ? -1 : 1))),
}
const text = `${JSON.stringify(map)}\n`
writeFileSync(OUTPUT, text)
console.log(`${countries.length} outlines, ${Object.keys(points).length} points, ${text.length} bytes`)

/** Two lower-case letters; empty for land that has no code, which is drawn and never named. */
function codeOf({ id }) {
  return id === undefined ? '' : Intl.getCanonicalLocales(`und-${id}`)[0].slice(4).toLowerCase()
}

/** Each country's polygons, the largest first; some countries are more than one entry of the atlas. */
function piecesByCode(features) {
  const found = new Map()
  for (const country of features) {
    const code = codeOf(country)
    if (code === 'aq') continue
    const { type, coordinates } = country.geometry
    const rings = type === 'Polygon' ? [coordinates] : coordinates
    const pieces = rings.map((ring) => ({ type: 'Polygon', coordinates: ring }))
    found.set(code, [...(found.get(code) ?? []), ...pieces])
  }
  for (const pieces of found.values()) pieces.sort((a, b) => path.area(b) - path.area(a))
  return found
}

/**
 * The centroid of the largest piece, or where that lies outside of it (Croatia, Vietnam) the place inside that is the
 * farthest from the border. The centroid of all pieces would put France into the Atlantic.
 */
function middleOf(piece) {
  const centroid = path.centroid(piece)
  if (geoContains(piece, projection.invert(centroid))) return centroid
  const [[left, high], [right, low]] = path.bounds(piece)
  const border = piece.coordinates[0].map((point) => projection(point))
  const STEPS = 40
  let best = { place: centroid, room: -1 }
  for (let column = 1; column < STEPS; column++) {
    for (let row = 1; row < STEPS; row++) {
      const place = [left + ((right - left) * column) / STEPS, high + ((low - high) * row) / STEPS]
      if (!geoContains(piece, projection.invert(place))) continue
      const room = Math.min(...border.map(([x, y]) => Math.hypot(x - place[0], y - place[1])))
      if (room > best.room) best = { place, room }
    }
  }
  return best.place
}

function rounded([x, y]) {
  return [Math.round(x * 10) / 10, Math.round(Math.min(Math.max(y, 0), height) * 10) / 10]
}

/** Line by line, not country by country: neighbours keep sharing one border. */
function simplified({ transform, ...rest }) {
  const arcs = rest.arcs.map((arc) => {
    let x = 0
    let y = 0
    const line = arc.map(([dx, dy]) => {
      x += dx
      y += dy
      return [
        x * transform.scale[0] + transform.translate[0],
        y * transform.scale[1] + transform.translate[1],
      ]
    })
    return withoutSmallBends(line)
  })
  return { ...rest, arcs }
}

/** Ramer, Douglas and Peucker's: keeps the point that is the farthest off, as long as that is far enough. */
function withoutSmallBends(line) {
  if (line.length < 3) return line
  const [first, last] = [line[0], line.at(-1)]
  const isRing = first[0] === last[0] && first[1] === last[1]
  let farthest = 0
  let distance = 0
  for (let index = 1; index < line.length - 1; index++) {
    const off = isRing ? lengthBetween(line[index], first) : distanceToLine(line[index], first, last)
    if (off > distance) {
      distance = off
      farthest = index
    }
  }
  if (!isRing && distance < TOLERANCE_DEGREES) return [first, last]
  if (farthest === 0) return [first, last]
  return [
    ...withoutSmallBends(line.slice(0, farthest + 1)).slice(0, -1),
    ...withoutSmallBends(line.slice(farthest)),
  ]
}

function lengthBetween([x, y], [otherX, otherY]) {
  return Math.hypot((x - otherX) * Math.cos((y * Math.PI) / 180), y - otherY)
}

/** A degree of longitude is worth less in the north: the map is finer there, not coarser. */
function distanceToLine([x, y], [fromX, fromY], [toX, toY]) {
  const squeeze = Math.cos((fromY * Math.PI) / 180)
  const [dx, dy] = [(toX - fromX) * squeeze, toY - fromY]
  const [px, py] = [(x - fromX) * squeeze, y - fromY]
  const length = Math.hypot(dx, dy)
  return length === 0 ? Math.hypot(px, py) : Math.abs(px * dy - py * dx) / length
}
