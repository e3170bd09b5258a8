// Forgeries: whatever is made of valid records without their owners' private keys is refused with an error of ours, or is one of them.

import { RecordEnvelope } from '@libp2p/peer-record'
import { expect } from 'aegir/chai'
import { decodePayload } from '../../../src/values/signed/payload.ts'
import { compareSigned, selectSigned } from '../../../src/values/signed/selector.ts'
import { signedValidator } from '../../../src/values/signed/validator.ts'
import { toCharacters } from '../../../src/wire/characters.ts'
import { bytes } from '../../helpers/content.ts'
import { pick, randomBytes, randomNumbers, SEED } from '../../helpers/random.ts'
import { field, HOUR, keyFor, NOW, numberField, ownerOf, privateKeyOf, signedBy } from '../../helpers/signed-records.ts'
import type { SignedRecord } from '../../../src/values/signed/payload.ts'
import type { KeyType, PrivateKey } from '@libp2p/interface'

type Random = () => number

/** A valid record and its parts. */
interface Genuine { key: Uint8Array, value: Uint8Array, fields: Array<[number, Uint8Array]>, record: SignedRecord }

async function genuine (owner: PrivateKey, changes: Partial<SignedRecord>): Promise<Genuine> {
  const value = await signedBy(owner, changes)
  const { payloadType, payload, signature } = RecordEnvelope.createFromProtobuf(value)
  // what comes before the type, without tag and length
  const keyField = value.subarray(0, value.byteLength - field(2, payloadType).byteLength - field(3, payload).byteLength - field(5, signature.subarray()).byteLength)
  const publicKey = keyField.subarray(keyField[1] > 127 ? 3 : 2)

  return { key: changes.key ?? keyFor(owner), value, fields: [[1, publicKey], [2, payloadType], [3, payload], [5, signature.subarray()]], record: decodePayload(payload) }
}

function written (fields: Array<[number, Uint8Array]>): Uint8Array {
  return Uint8Array.from(fields.flatMap(([number, content]) => [...field(number, content)]))
}

/** A few bits, anywhere. */
function flipBits (value: Uint8Array, random: Random): Uint8Array {
  const result = value.slice()

  for (let flips = 1 + pick(random, 3); flips > 0; flips--) {
    result[pick(random, result.byteLength)] ^= 1 << pick(random, 8)
  }

  return result
}

function truncate (value: Uint8Array, random: Random): Uint8Array {
  return value.slice(0, pick(random, value.byteLength))
}

function insert (value: Uint8Array, random: Random): Uint8Array {
  const at = pick(random, value.byteLength + 1)

  return Uint8Array.from([...value.subarray(0, at), ...randomBytes(random, 1 + pick(random, 8)), ...value.subarray(at)])
}

function cutOut (value: Uint8Array, random: Random): Uint8Array {
  const at = pick(random, value.byteLength)

  return Uint8Array.from([...value.subarray(0, at), ...value.subarray(at + 1 + pick(random, 8))])
}

/** The beginning of one and the end of another. */
function splice (a: Uint8Array, b: Uint8Array, random: Random): Uint8Array {
  const at = pick(random, a.byteLength)
  const shift = pick(random, 2) === 0 ? 0 : pick(random, 9) - 4

  return Uint8Array.from([...a.subarray(0, at), ...b.subarray(Math.max(0, at + shift))])
}

/** Each part of the envelope from either of two. */
function mixParts (a: Genuine, b: Genuine, random: Random): Uint8Array {
  return written(a.fields.map((part, i) => pick(random, 2) === 0 ? part : b.fields[i]))
}

/** The parts of one in another order, twice, missing, or under another number. */
function disorder ({ fields }: Genuine, random: Random): Uint8Array {
  const result = [...fields]
  const at = pick(random, result.length)

  switch (pick(random, 4)) {
    case 0:
      result.splice(at, 1)
      break
    case 1:
      result.splice(pick(random, 5), 0, result[at])
      break
    case 2:
      result.push(...result.splice(at, 1))
      break
    default:
      result[at] = [1 + pick(random, 9), result[at][1]]
  }

  return written(result)
}

/** The envelope with a payload that says something else, in order, under the old signature. */
function reword ({ fields, record }: Genuine, random: Random): Uint8Array {
  const payload = [
    field(1, record.key),
    numberField(2, record.seq + BigInt(1 + pick(random, 1_000))),
    numberField(3, record.expires + (pick(random, 2) === 0 ? 0 : pick(random, HOUR))),
    numberField(4, pick(random, 2 ** 32)),
    field(5, randomBytes(random, 1 + pick(random, 40))),
    ...pick(random, 2) === 0 ? [numberField(6, 1)] : []
  ].flatMap(bytes => [...bytes])

  return written(fields.map(([number, content]) => [number, number === 3 ? Uint8Array.from(payload) : content]))
}

/** The same, as other bytes: numbers longer than they are, and fields nobody knows. */
function rewrite ({ value, fields }: Genuine, random: Random): Uint8Array {
  if (pick(random, 2) === 0) {
    return Uint8Array.from([...value, ...field(6 + pick(random, 9), randomBytes(random, pick(random, 10)))])
  }

  const long = pick(random, fields.length)

  return Uint8Array.from(fields.flatMap(([number, content], i) => {
    const zeros = i === long ? 1 + pick(random, 2) : 0
    const length = [content.byteLength & 127 | 128, content.byteLength >> 7 | (zeros > 0 ? 128 : 0), ...Array.from({ length: zeros }, (_, j) => j === zeros - 1 ? 0 : 128)]

    return [...i === long ? [number << 3 | 2, ...length] : field(number, content).subarray(0, -content.byteLength), ...content]
  }))
}

function mutate (a: Genuine, b: Genuine, random: Random): Uint8Array {
  switch (pick(random, 10)) {
    case 0:
    case 1: return flipBits(a.value, random)
    case 2: return truncate(a.value, random)
    case 3: return insert(a.value, random)
    case 4: return cutOut(a.value, random)
    case 5: return splice(a.value, b.value, random)
    case 6: return mixParts(a, b, random)
    case 7: return disorder(a, random)
    case 8: return reword(a, random)
    default: return rewrite(a, random)
  }
}

async function genuineOf (owner: PrivateKey): Promise<Genuine[]> {
  return Promise.all(([
    {}, { seq: 8n, value: bytes('another') }, { seq: 9n, rule: 'TOMBSTONE', value: new Uint8Array() }, { seq: 300n, expires: NOW + 9 * HOUR }, { key: keyFor(owner, 'other') }
  ] satisfies Array<Partial<SignedRecord>>).map(async changes => genuine(owner, changes)))
}

interface Outcome { tried: number, accepted: number, lateRefusals: number }

/** Puts so many mutations before a validator that has the valid ones in its memory. */
async function attack (owners: PrivateKey[], mutations: number): Promise<Outcome> {
  const random = randomNumbers(SEED)
  const validate = signedValidator({ now: () => NOW })
  const valid = (await Promise.all(owners.map(genuineOf))).flat()
  const known = new Set(valid.map(({ key, value }) => toCharacters(key) + toCharacters(value)))
  const outcome = { tried: 0, accepted: 0, lateRefusals: 0 }

  for (const { key, value } of valid) {
    await validate(key, value)
  }

  while (outcome.tried < mutations) {
    const [a, b] = [valid[pick(random, valid.length)], valid[pick(random, valid.length)]]
    const key = pick(random, 8) === 0 ? b.key : a.key
    const forged = mutate(a, b, random)

    if (known.has(toCharacters(key) + toCharacters(forged))) {
      continue
    }

    outcome.tried++

    try {
      await validate(key, forged)
      outcome.accepted++
    } catch (error: any) {
      if (error.name !== 'InvalidRecordError') {
        throw new Error(`${String(error)} for ${forged.join()}`, { cause: error })
      }

      outcome.lateRefusals += error.message.startsWith('The signature is not') ? 1 : 0
    }
  }

  return outcome
}

describe('forged records', () => {
  it('of Ed25519 owners are never accepted, and never crash: a hundred thousand', async () => {
    const { tried, accepted, lateRefusals } = await attack([await ownerOf(1), await ownerOf(2)], 100_000)

    expect(tried).to.equal(100_000)
    expect(accepted).to.equal(0)
    // they are good enough that many are found out by their signature only
    expect(lateRefusals).to.be.greaterThan(15_000)
  })

  for (const [type, mutations] of [['secp256k1', 1_000], ['ECDSA', 5_000], ['RSA', 5_000]] as Array<[KeyType, number]>) {
    it(`of ${type} owners are never accepted, and never crash`, async () => {
      const { accepted, lateRefusals } = await attack([await privateKeyOf(type), await privateKeyOf(type)], mutations)

      expect(accepted).to.equal(0)
      expect(lateRefusals).to.be.greaterThan(mutations / 10)
    })
  }

  it('are ordered as any other bytes are, without an error', async () => {
    const random = randomNumbers(SEED)
    const valid = await genuineOf(await ownerOf(1))

    for (let i = 0; i < 5_000; i++) {
      const [a, b] = [valid[pick(random, valid.length)], valid[pick(random, valid.length)]]
      const values = [mutate(a, b, random), b.value, mutate(b, a, random)]
      const chosen = values[Number(selectSigned(a.key, values))]

      expect(values.every(value => compareSigned(value, chosen) <= 0)).to.equal(true)
    }
  })
})
