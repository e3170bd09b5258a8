import { expect } from 'aegir/chai'
import { MAX_SEQUENCE, MAX_TTL } from '../../../src/values/signed/limits.ts'
import { decodePayload, encodePayload } from '../../../src/values/signed/payload.ts'
import { bytes } from '../../helpers/content.ts'
import { field, keyFor, NOW, numberField, ownerOf, recordOf } from '../../helpers/signed-records.ts'
import type { SignedRecord } from '../../../src/values/signed/payload.ts'

function joined (...fields: Uint8Array[]): Uint8Array {
  return Uint8Array.from(fields.flatMap(bytes => [...bytes]))
}

describe('what is signed', () => {
  it('is the protobuf of the fields 1 to 6', async () => {
    const owner = await ownerOf(1)
    const record = recordOf(owner, { rule: 'TOMBSTONE' })

    expect(encodePayload(record)).to.equalBytes(joined(
      field(1, record.key), numberField(2, 7), numberField(3, record.expires), numberField(4, 60), field(5, bytes('hello')), numberField(6, 1)
    ))
  })

  it('leaves out what is zero, empty, or SIGNATURE', async () => {
    const record = recordOf(await ownerOf(1), { seq: 0n, expires: 0, ttl: 0, value: new Uint8Array() })

    expect(encodePayload(record)).to.equalBytes(field(1, record.key))
    expect(decodePayload(field(1, record.key))).to.deep.equal(record)
  })

  it('is read as it was written, to the ends of each range', async () => {
    const owner = await ownerOf(1)
    const changes: Array<Partial<SignedRecord>> = [
      {}, { seq: MAX_SEQUENCE }, { seq: 2n ** 63n }, { seq: 2n ** 53n + 1n }, { expires: Number.MAX_SAFE_INTEGER }, { ttl: MAX_TTL }, { rule: 'TOMBSTONE' }, { value: new Uint8Array(300) }
    ]

    for (const change of changes) {
      const record = recordOf(owner, change)
      expect(decodePayload(encodePayload(record))).to.deep.equal(record)
    }
  })

  it('is not written with a field out of its range', async () => {
    const owner = await ownerOf(1)
    const wrong: Array<[Partial<SignedRecord>, string]> = [
      [{ key: bytes('/pk/x') }, '/sig/<multihash'],
      [{ key: new Uint8Array() }, '/sig/<multihash'],
      [{ seq: -1n }, 'sequence number'],
      [{ seq: MAX_SEQUENCE + 1n }, 'sequence number'],
      [{ expires: -1 }, 'unix milliseconds'],
      [{ expires: NOW + 0.5 }, 'unix milliseconds'],
      [{ expires: NaN }, 'unix milliseconds'],
      [{ expires: 2 ** 53 }, 'unix milliseconds'],
      [{ ttl: -1 }, 'time to live'],
      [{ ttl: 0.5 }, 'time to live'],
      [{ ttl: MAX_TTL + 1 }, 'time to live'],
      // as code without types may call it
      [{ rule: 'toString' as 'SIGNATURE' }, 'The rule']
    ]

    for (const [change, message] of wrong) {
      expect(() => encodePayload(recordOf(owner, change)), message).to.throw(message).with.property('name', 'InvalidParametersError')
    }
  })

  const wrong: Array<[string, (key: Uint8Array) => Uint8Array]> = [
    ['is empty', () => new Uint8Array()],
    ['has no key', () => joined(numberField(2, 7), numberField(3, NOW))],
    ['has an empty key', () => joined(field(1, new Uint8Array()), numberField(2, 7))],
    ['has a key of another namespace', () => field(1, bytes('/pk/x'))],
    ['has its key twice', key => joined(field(1, key), field(1, key))],
    ['has its sequence number twice', key => joined(field(1, key), numberField(2, 7), numberField(2, 8))],
    ['has a field that is unknown', key => joined(field(1, key), numberField(7, 1))],
    ['has a field that is unknown and long', key => joined(field(1, key), field(15, new Uint8Array(300)))],
    ['has its fields in another order', key => joined(numberField(2, 7), field(1, key))],
    ['writes what it could leave out', key => joined(field(1, key), numberField(2, 0))],
    ['writes a rule that it could leave out', key => joined(field(1, key), numberField(6, 0))],
    ['writes a number longer than it is', key => joined(field(1, key), Uint8Array.of(0x10, 0x87, 0x00))],
    ['has a rule that is unknown', key => joined(field(1, key), numberField(6, 2))],
    ['has a number for its value', key => joined(field(1, key), numberField(5, 2))],
    ['has bytes for its sequence number', key => joined(field(1, key), field(2, Uint8Array.of(1)))],
    ['has a sequence number over 64 bits', key => joined(field(1, key), numberField(2, 2n ** 64n))],
    ['has a time to live over 32 bits', key => joined(field(1, key), numberField(4, 2 ** 32))],
    ['expires later than numbers reach', key => joined(field(1, key), numberField(3, 2n ** 53n))],
    ['expires at the end of 64 bits', key => joined(field(1, key), numberField(3, MAX_SEQUENCE))],
    ['ends within a field', key => field(1, key).subarray(0, 20)],
    ['claims more bytes than there are', key => joined(field(1, key), Uint8Array.of(0x2a, 0xff, 0xff, 0xff, 0xff, 0x0f))],
    ['ends in a zero', key => joined(field(1, key), Uint8Array.of(0))]
  ]

  for (const [what, payload] of wrong) {
    it(`is not read when it ${what}`, async () => {
      const bytes = payload(keyFor(await ownerOf(1)))

      expect(() => decodePayload(bytes)).to.throw().with.property('name', 'InvalidRecordError')
    })
  }
})
