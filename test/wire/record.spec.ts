import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { Record } from '../../src/wire/dht.ts'
import { decodeRecord, encodeRecord } from '../../src/wire/record.ts'
import { hashedId, inlinedId } from '../helpers/contacts.ts'
import { check } from '../helpers/random.ts'

const KEY = new TextEncoder().encode('/v/hello')
const VALUE = new TextEncoder().encode('world')
const TIME = Date.UTC(2024, 1, 29, 12, 34, 56, 789)

function recordReceived (timeReceived: string): Uint8Array {
  return Record.encode({ key: KEY, value: VALUE, timeReceived })
}

describe('a record', () => {
  it('comes out of its encoding as it went in', () => {
    check(fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.uint8Array({ maxLength: 300 }),
      fc.option(fc.date({ min: new Date(0), max: new Date(Date.UTC(9999, 11, 31)), noInvalidDate: true }), { nil: undefined }),
      fc.option(fc.constantFrom(hashedId(1), inlinedId(2)), { nil: undefined }),
      fc.option(fc.integer({ min: 1, max: 2 ** 32 - 1 }), { nil: undefined }),
      (key, value, time, publisher, ttl) => {
        const record = decodeRecord(encodeRecord({ key, value, timeReceived: time?.getTime(), publisher, ttl }))

        expect(record.key).to.equalBytes(key)
        expect(record.value).to.equalBytes(value)
        expect(record.timeReceived).to.equal(time?.getTime())
        expect(record.publisher == null ? undefined : [...record.publisher]).to.deep.equal(publisher == null ? undefined : [...publisher])
        expect(record.ttl).to.equal(ttl)
      }
    ), 200)
  })

  it('is stamped as RFC 3339 with nine digits of a second, in UTC', () => {
    expect(Record.decode(encodeRecord({ key: KEY, value: VALUE, timeReceived: TIME })).timeReceived).to.equal('2024-02-29T12:34:56.789000000Z')
  })

  it('says no time when it has none, as rust-libp2p sends it', () => {
    expect(Record.decode(encodeRecord({ key: KEY, value: VALUE })).timeReceived).to.equal('')
    expect(decodeRecord(recordReceived('')).timeReceived).to.equal(undefined)
  })

  for (let digits = 0; digits <= 9; digits++) {
    it(`is read with ${digits} digits of a second's fraction, as Go writes as many as it needs`, () => {
      const fraction = '789123456'.slice(0, digits)
      const text = `2024-02-29T12:34:56${digits === 0 ? '' : `.${fraction}`}Z`
      const ms = Number(fraction.padEnd(3, '0').slice(0, 3))

      expect(decodeRecord(recordReceived(text)).timeReceived).to.equal(TIME - 789 + ms)
    })
  }

  it('is read with an offset from UTC', () => {
    expect(decodeRecord(recordReceived('2024-02-29T14:34:56.789123456+02:00')).timeReceived).to.equal(TIME)
    expect(decodeRecord(recordReceived('2024-02-29T05:04:56.789-07:30')).timeReceived).to.equal(TIME)
  })

  for (const text of ['yesterday', '1', '2024-02-29', '2024-13-01T00:00:00Z', '2024-02-29T12:34:56', '.123456']) {
    it(`has no time when it says "${text}", which is no RFC 3339`, () => {
      expect(decodeRecord(recordReceived(text)).timeReceived).to.equal(undefined)
    })
  }

  it('with a publisher that is no peer id is refused', () => {
    for (const publisher of [Uint8Array.of(1), new Uint8Array(34), hashedId(1).subarray(0, 33)]) {
      expect(() => decodeRecord(Record.encode({ key: KEY, value: VALUE, publisher: Uint8Array.from(publisher) }))).to.throw().with.property('name', 'InvalidMessageError')
    }
  })

  it('without a publisher or a ttl has none, and writes none', () => {
    expect(decodeRecord(recordReceived(''))).to.include({ publisher: undefined, ttl: undefined })
    expect(encodeRecord({ key: KEY, value: VALUE })).to.deep.equal(Record.encode({ key: KEY, value: VALUE }))
  })

  it('that is cut short is refused', () => {
    const bytes = encodeRecord({ key: KEY, value: VALUE })

    expect(() => decodeRecord(bytes.subarray(0, bytes.byteLength - 1))).to.throw(Error)
  })
})
