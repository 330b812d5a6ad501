import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shake256 } from '../../../core/crypto/hash.ts'
import type { RelayCrypto, TagPlan } from '../../../core/crypto/relay-crypto.ts'
import { createTor1RelayCrypto } from '../../../core/crypto/tor1-relay-crypto.ts'
import { isTorError } from '../../../core/util/errors.ts'
import vectors from '../../vectors/relay_crypto_tor1.json' with { type: 'json' }
import { RelaySideCircuit, relayCellBody } from '../../support/relay-side-tor1.ts'

const CELL = 509
const RELAY = 3
const DATA = 2
const NO_TAGS: TagPlan = { first: 1_000_000, every: 1_000_000 }

const vectorKeys = vectors.keys_ascii.map((text) => Buffer.from(text, 'latin1').subarray(0, 72))
const vectorTags = vectors.sendme_tags20_all_cells

/** Three sets of keys that differ by `salt`. */
function makeKeys(salt: number): Buffer[] {
  const stream = shake256(3 * 72, Buffer.from([salt]))
  return [0, 1, 2].map((hop) => Buffer.from(stream.subarray(hop * 72, (hop + 1) * 72)))
}

/** Both ends of a circuit; the client's copies of the keys are wiped, the relays' are not. */
function makeCircuit(salt = 1): {
  readonly client: readonly RelayCrypto[]
  readonly relays: RelaySideCircuit
} {
  return {
    client: makeKeys(salt).map((keys) => createTor1RelayCrypto(keys)),
    relays: new RelaySideCircuit(makeKeys(salt)),
  }
}

function hopOf(client: readonly RelayCrypto[], index: number): RelayCrypto {
  const hop = client[index]
  if (hop === undefined) throw new Error(`no hop ${index}`)
  return hop
}

/** Adds all layers, as a circuit does for its last hop. */
function seal(client: readonly RelayCrypto[], cells: Buffer, tagAt: readonly number[] = []) {
  const count = cells.length / CELL
  const originated = hopOf(client, client.length - 1).originate(cells, count, RELAY, tagAt)
  let sealed = originated.cells
  for (let hop = client.length - 2; hop >= 0; hop--) sealed = hopOf(client, hop).encrypt(sealed, count, RELAY)
  return { cells: sealed, tags: originated.tags }
}

/** Removes all layers of cells that all come from the last hop. */
function unseal(client: readonly RelayCrypto[], cells: Buffer, plan: TagPlan = NO_TAGS) {
  const count = cells.length / CELL
  let current = cells
  for (const hop of client.slice(0, -1)) {
    const peeled = hop.peel(current, count)
    expect(peeled.recognized).toEqual([])
    current = peeled.cells
  }
  return hopOf(client, client.length - 1).open(current, count, plan)
}

const vectorBodies = Array.from({ length: 51 }, (_, index) =>
  relayCellBody(
    DATA,
    1,
    shake256(51 * 498, Buffer.from(vectors.seed_ascii)).subarray(index * 498, (index + 1) * 498),
  ),
)
const vectorAll = [...Array(51).keys()]

/** The batch in pieces of the given lengths; what they leave over is the last piece. */
function split(cells: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  let at = 0
  for (const length of [...lengths, cells.length / CELL]) {
    const end = Math.min(at + length * CELL, cells.length)
    pieces.push(Buffer.from(cells.subarray(at, end)))
    at = end
  }
  return pieces
}

function expectViolation(work: () => unknown): void {
  try {
    work()
    expect.unreachable()
  } catch (error) {
    expect(isTorError(error, 'protocol-violation')).toBe(true)
  }
}

describe('the known circuit of three hops', () => {
  const expectKnown = (index: number, cell: Buffer): void => {
    const known = vectors.cells.find((vector) => vector.cell_index === index)
    if (known !== undefined) expect(cell.toString('hex')).toBe(known.cell509)
  }

  test('cell by cell: every known cell and every tag', () => {
    const client = vectorKeys.map((keys) => createTor1RelayCrypto(Buffer.from(keys)))
    for (const [index, body] of vectorBodies.entries()) {
      const { cells, tags } = seal(client, Buffer.from(body), [0])
      expectKnown(index, cells)
      expect(tags.map((tag) => tag.toString('hex'))).toEqual([vectorTags[index]])
    }
  })

  test('in one batch: the same cells, and the tags that were asked for', () => {
    const client = vectorKeys.map((keys) => createTor1RelayCrypto(Buffer.from(keys)))
    const { cells, tags } = seal(client, Buffer.concat(vectorBodies), [0, 30, 50])
    for (const index of vectorAll) expectKnown(index, cells.subarray(index * CELL, (index + 1) * CELL))
    expect(tags.map((tag) => tag.toString('hex'))).toEqual([vectorTags[0], vectorTags[30], vectorTags[50]])
  })

  test("the test's relay side recognises them at the third hop", () => {
    const client = vectorKeys.map((keys) => createTor1RelayCrypto(Buffer.from(keys)))
    const relays = new RelaySideCircuit(vectorKeys)
    const { cells } = seal(client, Buffer.concat(vectorBodies))
    for (const index of vectorAll) {
      const received = relays.receive(cells.subarray(index * CELL, (index + 1) * CELL))
      expect(received.hop).toBe(2)
      expect(received.tag.toString('hex')).toBe(vectorTags[index])
    }
  })
})

/** Cells as a circuit sees them: mostly DATA, some others, in an order that the property decides. */
const bodies = fc
  .array(fc.tuple(fc.constantFrom(2, 2, 2, 3, 4, 5, 43), fc.nat(65535), fc.uint8Array({ maxLength: 498 })), {
    minLength: 1,
    maxLength: 20,
  })
  .map((cells) => cells.map(([command, stream, data]) => relayCellBody(command, stream, data)))
const splits = fc.array(fc.nat(6), { maxLength: 8 })

test('outbound: any split into batches gives the same bytes and tags, and the relay recognises all', () => {
  fc.assert(
    fc.property(bodies, splits, fc.nat(2), (cells, lengths, last) => {
      const { client, relays } = makeCircuit()
      const path = client.slice(0, last + 1)
      for (const piece of split(Buffer.concat(cells), lengths)) {
        const count = piece.length / CELL
        const { cells: sealed, tags } = seal(path, piece, [...Array(count).keys()])
        expect(tags.length).toBe(count)
        for (let index = 0; index < count; index++) {
          const received = relays.receive(sealed.subarray(index * CELL, (index + 1) * CELL))
          expect(received.hop).toBe(last)
          expect(received.tag).toEqual(tags[index])
        }
      }
    }),
  )
})

test('inbound: any split into batches gives the same cells, and the tags of every so-many-th DATA cell', () => {
  fc.assert(
    fc.property(bodies, splits, fc.integer({ min: 1, max: 5 }), (cells, lengths, every) => {
      const { client, relays } = makeCircuit()
      const expectedTags: Buffer[] = []
      let data = 0
      const sealed = cells.map((body) => {
        const { cell, tag } = relays.send(2, body)
        if (body[0] === DATA && ++data % every === 0) expectedTags.push(tag)
        return cell
      })
      const opened: Buffer[] = []
      const tags: Buffer[] = []
      let dataSeen = 0
      for (const piece of split(Buffer.concat(sealed), lengths)) {
        const batch = unseal(client, piece, { first: every - (dataSeen % every), every })
        opened.push(batch.cells)
        tags.push(...batch.tags)
        for (let at = 0; at < batch.cells.length; at += CELL) if (batch.cells[at] === DATA) dataSeen++
      }
      expect(Buffer.concat(opened).equals(Buffer.concat(cells))).toBe(true)
      expect(tags).toEqual(expectedTags)
    }),
  )
})

test('the input of a batch on its way in is left as it was', () => {
  const { client, relays } = makeCircuit()
  const sealed = Buffer.concat(
    [1, 2, 3].map((stream) => relays.send(2, relayCellBody(DATA, stream, Buffer.alloc(9))).cell),
  )
  const before = Buffer.from(sealed)
  unseal(client, sealed)
  expect(sealed).toEqual(before)
})

/** Three cells from the last hop, of which the second fills a SENDME increment: two segments. */
const CHANGED_PLAN: TagPlan = { first: 2, every: 2 }
const threeCells = (relays: RelaySideCircuit): Buffer =>
  Buffer.concat(
    [1, 2, 3].map((stream) => relays.send(2, relayCellBody(DATA, stream, Buffer.alloc(400, stream))).cell),
  )

test('a bit changed anywhere that a reader can see, or in a digest that is checked, closes the hop', () => {
  for (let bit = 0; bit < 3 * CELL * 8; bit += 7) {
    const at = bit >> 3
    // The first cell ends no segment: its digest field is not looked at and comes out as zero.
    if (at >= 5 && at < 9) continue
    const { client, relays } = makeCircuit()
    const sealed = threeCells(relays)
    sealed[at] = (sealed[at] ?? 0) ^ (1 << (bit & 7))
    expectViolation(() => unseal(client, sealed, CHANGED_PLAN))
    expect(() => unseal(client, sealed, CHANGED_PLAN)).toThrow()
  }
})

test('a digest field that is not looked at comes out as zero, whatever was done to it', () => {
  for (let bit = 5 * 8; bit < 9 * 8; bit++) {
    const { client, relays } = makeCircuit()
    const clean = makeCircuit()
    const sealed = threeCells(relays)
    sealed[bit >> 3] = (sealed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(unseal(client, sealed, CHANGED_PLAN)).toEqual(
      unseal(clean.client, threeCells(clean.relays), CHANGED_PLAN),
    )
  }
})

test.each([
  ['dropped', [0, 2, 3]],
  ['repeated', [0, 1, 1, 2, 3]],
  ['swapped', [0, 2, 1, 3]],
])('a cell %s on the way closes the hop', (_name, order) => {
  const { client, relays } = makeCircuit()
  const cells = [1, 2, 3, 4].map(
    (stream) => relays.send(2, relayCellBody(DATA, stream, Buffer.alloc(9))).cell,
  )
  expectViolation(() => unseal(client, Buffer.concat(order.map((index) => cells[index] ?? Buffer.alloc(0)))))
})

test('cells of another circuit, or of an earlier hop, are not opened', () => {
  const other = makeCircuit(2).relays
  expectViolation(() =>
    unseal(makeCircuit().client, other.send(2, relayCellBody(DATA, 1, Buffer.alloc(1))).cell),
  )
  const { client, relays } = makeCircuit()
  const inner = relays.send(0, relayCellBody(DATA, 1, Buffer.alloc(1))).cell
  const peeled = hopOf(client, 1).peel(inner, 1).cells
  expectViolation(() => hopOf(client, 2).open(peeled, 1, NO_TAGS))
})

test('a cell from an inner hop is recognised where it was sent, and those around it are not disturbed', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2), { minLength: 1, maxLength: 24 }), (senders) => {
      const { client, relays } = makeCircuit()
      const sealed = senders.map(
        (sender, index) => relays.send(sender, relayCellBody(3, index, Buffer.alloc(5, index))).cell,
      )
      // What is left of the batch goes on to the next hop, as in a circuit.
      let cells = Buffer.concat(sealed)
      let left = senders.map((sender, index) => ({ sender, index }))
      for (const hop of [0, 1]) {
        const peeled = hopOf(client, hop).peel(cells, left.length)
        expect(peeled.recognized).toEqual(left.flatMap(({ sender }, at) => (sender === hop ? [at] : [])))
        for (const at of peeled.recognized) {
          expect(peeled.cells.readUInt16BE(at * CELL + 3)).toBe(left[at]?.index)
        }
        const rest = left.flatMap((_, at) => (peeled.recognized.includes(at) ? [] : [at]))
        cells = Buffer.concat(rest.map((at) => peeled.cells.subarray(at * CELL, (at + 1) * CELL)))
        left = left.filter((_, at) => rest.includes(at))
      }
      const opened = hopOf(client, 2).open(cells, left.length, NO_TAGS)
      expect(opened.cells.length).toBe(left.length * CELL)
      for (const [at, { index }] of left.entries())
        expect(opened.cells.readUInt16BE(at * CELL + 3)).toBe(index)
    }),
  )
})

test('a foreign cell whose recognized field is zero by chance does not move the digest', () => {
  const { client, relays } = makeCircuit()
  const hop = relays.hops[0]
  const foreign = relayCellBody(DATA, 1, Buffer.alloc(100, 1))
  const first = hop?.encrypt(foreign) ?? Buffer.alloc(CELL)
  const own = hop?.originate(relayCellBody(DATA, 2, Buffer.alloc(100, 2))).cell ?? Buffer.alloc(CELL)
  const peeled = hopOf(client, 0).peel(Buffer.concat([first, own]), 2)
  expect(peeled.recognized).toEqual([1])
  expect(peeled.cells.subarray(0, CELL)).toEqual(foreign)
})

describe('ownership', () => {
  test('the key material is wiped, and its length is exact', () => {
    const keys = Buffer.alloc(72, 9)
    createTor1RelayCrypto(keys)
    expect(keys).toEqual(Buffer.alloc(72))
    expect(() => createTor1RelayCrypto(Buffer.alloc(92))).toThrow('72')
  })

  test('a slab longer than the batch is read only as far as the batch goes', () => {
    const { client, relays } = makeCircuit()
    const slab = Buffer.alloc(5 * CELL, 0xee)
    relayCellBody(DATA, 7, Buffer.from('hello')).copy(slab)
    slab.set(hopOf(client, 0).originate(slab, 1, RELAY, []).cells)
    expect(relays.receive(slab.subarray(0, CELL)).hop).toBe(0)
    expect(slab.subarray(CELL).every((byte) => byte === 0xee)).toBe(true)
    expect(() => hopOf(client, 0).encrypt(slab, 6, RELAY)).toThrow('fit')
  })

  test('an empty batch is no batch', () => {
    const { client } = makeCircuit()
    expect(hopOf(client, 0).open(Buffer.alloc(0), 0, NO_TAGS)).toEqual({ cells: Buffer.alloc(0), tags: [] })
    expect(hopOf(client, 0).peel(Buffer.alloc(0), 0).recognized).toEqual([])
  })

  test('after destroy nothing works, and destroying again does nothing', () => {
    const hop = hopOf(makeCircuit().client, 0)
    hop.destroy()
    hop.destroy()
    for (const use of [
      () => hop.originate(Buffer.alloc(CELL), 1, RELAY, []),
      () => hop.encrypt(Buffer.alloc(CELL), 1, RELAY),
      () => hop.peel(Buffer.alloc(CELL), 1),
      () => hop.open(Buffer.alloc(CELL), 1, NO_TAGS),
    ]) {
      expect(use).toThrow('gone')
    }
  })
})
