import { expect } from 'aegir/chai'
import fc from 'fast-check'
import sinon from 'sinon'
import { Uint8ArrayList } from 'uint8arraylist'
import { frame, FrameReader } from '../../src/wire/frame.ts'
import { check } from '../helpers/random.ts'

const LIMIT = 100_000

/** All whole frames that can be had. */
function take (reader: FrameReader): Uint8Array[] {
  const frames: Uint8Array[] = []

  for (let bytes = reader.next(); bytes != null; bytes = reader.next()) {
    frames.push(bytes)
  }

  return frames
}

function concat (parts: Uint8Array[]): Uint8Array {
  return new Uint8ArrayList(...parts).slice()
}

/** Cuts bytes into chunks of these sizes, again and again. */
function cut (bytes: Uint8Array, sizes: number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []

  for (let at = 0, i = 0; at < bytes.byteLength; i++) {
    const end = at + sizes[i % sizes.length]
    chunks.push(bytes.slice(at, end))
    at = end
  }

  return chunks
}

const anyMessages = fc.array(fc.oneof(
  fc.uint8Array({ maxLength: 4 }),
  fc.uint8Array({ maxLength: 300, size: 'max' }),
  fc.nat(20_000).map(length => new Uint8Array(length).fill(length))
), { maxLength: 12 })
const anySizes = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 8 })

describe('frames', () => {
  it('come out as they went in, however they are cut on the way', () => {
    check(fc.property(anyMessages, anySizes, (messages, sizes) => {
      const reader = new FrameReader(LIMIT)
      const read: Uint8Array[] = []

      for (const chunk of cut(concat(messages.map(frame)), sizes)) {
        reader.push(chunk)
        read.push(...take(reader))
      }

      expect(read.length).to.equal(messages.length)
      read.forEach((bytes, i) => { expect(bytes).to.equalBytes(messages[i]) })
      expect(reader.pending).to.equal(0)
    }), 200)
  })

  it('come out the same byte by byte, and of a list of chunks', () => {
    const messages = [new Uint8Array(0), Uint8Array.of(1), new Uint8Array(127), new Uint8Array(128), new Uint8Array(16_384).fill(9)]
    const bytes = concat(messages.map(frame))
    const [byByte, byList] = [new FrameReader(LIMIT), new FrameReader(LIMIT)]
    const read: Uint8Array[] = []

    for (const byte of bytes) {
      byByte.push(Uint8Array.of(byte))
      read.push(...take(byByte))
    }

    byList.push(new Uint8ArrayList(...cut(bytes, [7, 100])))

    expect(read).to.deep.equal(messages)
    expect(take(byList)).to.deep.equal(messages)
  })

  it('have the shortest prefix there is', () => {
    expect(frame(new Uint8Array(127)).byteLength).to.equal(128)
    expect(frame(new Uint8Array(128)).byteLength).to.equal(130)
    expect(frame(new Uint8Array(4 * 1024 * 1024)).subarray(0, 4)).to.deep.equal(Uint8Array.of(0x80, 0x80, 0x80, 0x02))
  })

  it('are kept until they are whole', () => {
    const reader = new FrameReader(LIMIT)
    reader.push(frame(new Uint8Array(10)).subarray(0, 10))

    expect(reader.next()).to.equal(undefined)
    expect(reader.pending).to.equal(10)
    reader.push(new Uint8Array(1))
    expect(reader.next()).to.deep.equal(new Uint8Array(10))
    expect(reader.next()).to.equal(undefined)
  })

  it('may be as long as the limit, and not a byte longer', () => {
    const reader = new FrameReader(1_000)
    reader.push(frame(new Uint8Array(1_000)))
    expect(reader.next()).to.have.lengthOf(1_000)

    reader.push(frame(new Uint8Array(1_001)))
    expect(() => reader.next()).to.throw().with.property('name', 'InvalidMessageError')
  })

  it('over the limit are refused as soon as the prefix can be read, whatever it claims', () => {
    check(fc.property(fc.integer({ min: LIMIT + 1, max: 2 ** 28 - 1 }), length => {
      const reader = new FrameReader(LIMIT)
      const prefix: number[] = []

      for (let rest = length; prefix.length === 0 || rest > 0; rest >>>= 7) {
        prefix.push((rest & 0x7f) | (rest >= 0x80 ? 0x80 : 0))
      }

      prefix.slice(0, -1).forEach(byte => {
        reader.push(Uint8Array.of(byte))
        expect(reader.next()).to.equal(undefined)
      })
      reader.push(Uint8Array.of(prefix.at(-1) ?? 0))

      expect(() => reader.next()).to.throw().with.property('name', 'InvalidMessageError')
    }), 200)
  })

  it('are refused when the length is far over any limit, before its varint ends', () => {
    const reader = new FrameReader(LIMIT)
    reader.push(Uint8Array.of(0xff, 0xff, 0xff, 0xff))

    expect(() => reader.next()).to.throw().with.property('name', 'InvalidMessageError')
  })

  it('are refused when the length is not in its shortest form, as by go-libp2p and the unsigned-varint specification', () => {
    for (const prefix of [[0x81, 0x00], [0x80, 0x00], [0xff, 0x80, 0x00]]) {
      const reader = new FrameReader(LIMIT)
      reader.push(Uint8Array.from([...prefix, ...new Uint8Array(127)]))

      expect(() => reader.next()).to.throw().with.property('name', 'InvalidMessageError')
    }
  })

  it('cost work in proportion to their length, also when they come byte by byte and more follows', () => {
    const length = 20_000
    const bytes = frame(new Uint8Array(length))
    const reader = new FrameReader(LIMIT)
    let moved = 0
    // taking the first element of a long array moves all others
    const { shift, splice } = Array.prototype
    const sandbox = sinon.createSandbox()

    try {
      sandbox.stub(Array.prototype, 'shift').callsFake(function (this: unknown[]) {
        moved += this.length
        return shift.call(this)
      })
      sandbox.stub(Array.prototype, 'splice').callsFake(function (this: unknown[], ...args: unknown[]) {
        moved += this.length
        return splice.apply(this, args as [number, number])
      })

      for (const byte of bytes) {
        reader.push(Uint8Array.of(byte))
      }

      reader.push(Uint8Array.of(1))
      reader.next()
    } finally {
      sandbox.restore()
    }

    expect(moved).to.be.below(20 * length)
  })
})
