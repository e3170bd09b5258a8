import { expect } from 'aegir/chai'
import { encode } from 'cborg'
import fc from 'fast-check'
import { createCodec } from '../../../src/values/typed/codec.ts'
import { pack, unpack } from '../../../src/values/typed/stored.ts'
import { check, checkAsync } from '../../helpers/random.ts'
import { anything, bigint, byteString, list, object, text, transformed, withDefault } from '../../helpers/schemas.ts'
import type { Codec } from '../../../src/values/typed/codec.ts'

// CBOR knows no negative zero among the whole numbers, and UTF-8 no half characters
const plain = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'grapheme' }), fc.double().map(value => Object.is(value, -0) ? 0 : value), fc.maxSafeInteger(), fc.boolean(), fc.constant(null), fc.uint8Array(),
    fc.array(tie('value')), fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'))
  )
})).value

describe('what is stored of a typed record', () => {
  it('reads as what was written, whatever it is', async () => {
    const codec = createCodec({ type: 'thing', schema: anything })

    await checkAsync(fc.asyncProperty(plain, async value => {
      const { type, value: stored } = unpack(await codec.toBytes(value))

      expect(type).to.equal('thing')
      expect(await codec.toValue(stored)).to.deep.equal(value)
    }), 300)
  })

  it('is the same bytes in whatever order the fields were named', () => {
    check(fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), plain), fields => {
      const turned = Object.defineProperties({}, Object.fromEntries(Object.entries(Object.getOwnPropertyDescriptors(fields)).reverse()))

      expect(pack({ type: 't', value: turned })).to.equalBytes(pack({ type: 't', value: fields }))
    }))
  })

  it('leaves a public key as long as it is', () => {
    expect(pack({ type: 'key', value: new Uint8Array(32) })).to.have.length(1 + 1 + 4 + 2 + 32)
  })

  it('is refused, and no more, when it is anything else', () => {
    const whole = pack({ type: 'profile', value: { name: 'Ada', keys: [new Uint8Array(32), 1.5, null] } })
    const nearly = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .map(changes => changes.reduce((bytes, [at, byte]) => bytes.with(at, byte), whole))
    let taken = 0

    check(fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), nearly, fc.nat(whole.length - 1).map(length => whole.subarray(0, length))), bytes => {
      try {
        expect(unpack(bytes).type).to.be.a('string')
        taken++
      } catch (error: any) {
        expect(error).to.have.property('name', 'InvalidRecordError')
      }
    }), 3_000)

    expect(taken, 'some changes leave it readable').to.be.greaterThan(100)
  })

  it('is refused for what it is', () => {
    const wrong: Array<[Uint8Array, RegExp]> = [
      [encode([2, 'profile', {}]), /a version other than 1/],
      [encode([{ toString: 1, valueOf: 1 }, 'profile', {}]), /a version other than 1/],
      [encode([1, 'profile']), /malformed/],
      [encode([1, 'profile', 1, 2]), /malformed/],
      [encode([1, 7, {}]), /malformed/],
      [encode([1, '', {}]), /malformed/],
      [encode([1, 'x'.repeat(10_000), {}]), /malformed/],
      // the same in other bytes: a number longer than need be, no length, a field twice
      [Uint8Array.of(0x83, 0x18, 0x01, 0x61, 0x74, 0x00), /no typed record/],
      [Uint8Array.of(0x9f, 0x01, 0x61, 0x74, 0x00, 0xff), /no typed record/],
      [Uint8Array.of(0x83, 0x01, 0x61, 0x74, 0xa2, 0x61, 0x61, 0x00, 0x61, 0x61, 0x01), /no typed record/],
      [encode('profile'), /no typed record/],
      [encode({ 0: 1, 1: 'profile', length: 3 }), /no typed record/]
    ]

    for (const [bytes, says] of wrong) {
      expect(() => unpack(bytes)).to.throw(says).with.property('name', 'InvalidRecordError')
    }
  })

  it('is nothing of what is undefined', () => {
    expect(pack({ type: 't', value: { a: 1, b: undefined } })).to.equalBytes(pack({ type: 't', value: { a: 1 } }))
  })

  it('gives nobody a prototype', () => {
    const { value } = unpack(pack({ type: 't', value: JSON.parse('{ "__proto__": { "admin": true } }') }))

    expect(value).to.not.have.property('admin')
  })

  it('has the fields that the schema adds and lacks those that it drops', async () => {
    const codec = createCodec({ type: 't', schema: object({ name: text, note: withDefault(text, 'none') }) })
    const bytes = await codec.toBytes({ name: 'Ada', secret: 'x' } as unknown as { name: string, note: string })

    expect(unpack(bytes).value).to.deep.equal({ name: 'Ada', note: 'none' })
  })

  describe('by a schema that transforms', () => {
    const date = transformed(text, value => new Date(value))
    const DAY = new Date('2020-02-02T00:00:00.000Z')

    it('comes back as its values, when there is a way back', async () => {
      const codec = createCodec({ type: 'date', schema: date, encode: value => value.toISOString() })
      const { value } = unpack(await codec.toBytes(DAY))

      expect(value).to.equal('2020-02-02T00:00:00.000Z')
      expect(await codec.toValue(value)).to.deep.equal(DAY)
    })

    it('may be stored in another form than the schema takes', async () => {
      const codec = createCodec({ type: 'date', schema: date, encode: value => value.getTime() / 1000, decode: stored => new Date(Number(stored) * 1000).toISOString() })
      const { value } = unpack(await codec.toBytes(DAY))

      expect(value).to.equal(DAY.getTime() / 1000)
      expect(await codec.toValue(value)).to.deep.equal(DAY)
    })

    it('is refused when there is none', async () => {
      const none = createCodec({ type: 'when', schema: date })
      const wrong = createCodec({ type: 'when', schema: object({ at: date }), encode: ({ at }) => ({ at: at.getTime() }) })

      await expect(none.toBytes(DAY)).to.eventually.be.rejectedWith('when: expected string').with.property('name', 'InvalidRecordError')
      await expect(wrong.toBytes({ at: DAY })).to.eventually.be.rejectedWith('when.at: expected string').with.property('name', 'InvalidRecordError')
    })

    it('is refused when it would be another value each time', async () => {
      const codec = createCodec({ type: 'shout', schema: transformed(text, value => `${value}!`) })

      await expect(codec.toBytes('hey')).to.eventually.be.rejectedWith('shout: the value would be another one each time').with.property('name', 'InvalidRecordError')
    })

    it('is refused when the application\'s own functions can\'t cope', async () => {
      const codec = createCodec({ type: 'date', schema: date, encode: value => value.toISOString() })
      const picky = createCodec({ type: 'x', schema: text, decode: stored => (stored as string).trim() })

      await expect(codec.toBytes(new Date(NaN))).to.eventually.be.rejectedWith('date: its `encode` does not take this value').with.property('name', 'InvalidRecordError')
      await expect(picky.toValue(7)).to.eventually.be.rejectedWith('x: stored.trim is not a function').with.property('name', 'InvalidRecordError')
    })
  })

  it('is nothing that would come back as something else', async () => {
    const cases: Array<[Codec<unknown>, unknown, RegExp]> = [
      [createCodec({ type: 't', schema: anything }), { when: new Date(0) }, /t: this can't be stored .*Date/],
      [createCodec({ type: 't', schema: anything }), () => {}, /can't be stored/],
      [createCodec({ type: 't', schema: object({ n: bigint }) }), { n: 1n }, /t\.n: expected bigint\. The schema does not take back.*encode/],
      [createCodec({ type: 't', schema: anything }), circular(), /can't be stored .*circular/]
    ]

    for (const [codec, value, says] of cases) {
      await expect(codec.toBytes(value)).to.eventually.be.rejectedWith(says).with.property('name', 'InvalidRecordError')
    }
  })

  it('names no more than five fields that are wrong, and those of any name', async () => {
    const many = createCodec({ type: 'list', schema: list(byteString) })
    await expect(many.toValue(Array(1_000).fill(1))).to.eventually.be.rejectedWith('list[4]: expected bytes; and 995 more. ')

    const odd = createCodec({ type: 't', schema: object({ 'a b': object({ naïve: object({ '': text }) }) }) })
    await expect(odd.toValue({ 'a b': { naïve: {} } })).to.eventually.be.rejectedWith('t["a b"].naïve[""]: expected string')
  })
})

function circular (): unknown {
  const value: { self?: unknown } = {}
  value.self = value

  return value
}
