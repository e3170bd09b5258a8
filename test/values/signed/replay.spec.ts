// What comes in while a record is held: each rule is a row. At the end all that was refused or outdone comes again, and again.

import { expect } from 'aegir/chai'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import { MAX_AHEAD } from '../../../src/values/signed/limits.ts'
import { encodePayload } from '../../../src/values/signed/payload.ts'
import { bytes } from '../../helpers/content.ts'
import { pick, randomNumbers, SEED } from '../../helpers/random.ts'
import { SignedHolder } from '../../helpers/signed-holder.ts'
import { HOUR, keyFor, NOW, ownerOf, ownerWithByte, privateKeyOf, recordOf, sealed, signedBy } from '../../helpers/signed-records.ts'
import type { HolderDecision } from '../../../src/values/signed/holder-rule.ts'
import type { SignedRecord } from '../../../src/values/signed/payload.ts'
import type { PrivateKey } from '@libp2p/interface'

/** A record's difference from one with sequence number 7, "hello" and an hour to live. */
type Changes = Partial<SignedRecord>

/** How many points the curve has, by its standard (FIPS 186-4, D.1.2.3). */
const ORDER_OF_P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

interface Row {
  held?: Changes
  incoming?: Changes
  /** it was signed for another name of the same owner */
  otherName?: boolean
  /** it was signed for a key of another owner, by that one */
  otherKey?: boolean
  /** it was signed for this key, by another */
  otherSigner?: boolean
  becomes: HolderDecision['action'] | 'refused'
  equivocation?: boolean
}

const ROWS: Record<string, Row> = {
  'replaces by a higher sequence number': { incoming: { seq: 8n }, becomes: 'replace' },
  'replaces by the highest sequence number': { incoming: { seq: 2n ** 64n - 1n }, becomes: 'replace' },
  'replaces by a sequence number that is higher where floating point ends': { held: { seq: 2n ** 60n }, incoming: { seq: 2n ** 60n + 1n }, becomes: 'replace' },
  'replaces by a higher sequence number that expires sooner': { incoming: { seq: 8n, expires: NOW + 1 }, becomes: 'replace' },
  'keeps against a lower sequence number': { incoming: { seq: 6n }, becomes: 'keep' },
  'keeps against a lower sequence number that expires later': { incoming: { seq: 6n, expires: NOW + 2 * HOUR }, becomes: 'keep' },
  'keeps against a lower sequence number with a greater value': { incoming: { seq: 6n, value: bytes('zzz') }, becomes: 'keep' },
  'refreshes by the same record': { becomes: 'refresh' },
  'replaces by an equal sequence number that expires later, and tells': { incoming: { expires: NOW + 2 * HOUR }, becomes: 'replace', equivocation: true },
  'keeps against an equal sequence number that expires sooner, and tells': { incoming: { expires: NOW + HOUR - 1 }, becomes: 'keep', equivocation: true },
  'keeps against an equal sequence number with lower bytes, and tells': { held: { value: bytes('b') }, incoming: { value: bytes('a') }, becomes: 'keep', equivocation: true },
  'replaces by an equal sequence number with higher bytes, and tells': { held: { value: bytes('a') }, incoming: { value: bytes('b') }, becomes: 'replace', equivocation: true },
  'refuses what was signed for another name': { incoming: { seq: 8n }, otherName: true, becomes: 'refused' },
  'refuses what was signed for another key, by its owner': { incoming: { seq: 8n }, otherKey: true, becomes: 'refused' },
  'refuses what another has signed': { incoming: { seq: 8n }, otherSigner: true, becomes: 'refused' },
  'refuses the same record when another has signed it': { otherSigner: true, becomes: 'refused' },
  'refuses what has expired': { incoming: { seq: 8n, expires: NOW - 1 }, becomes: 'refused' },
  'refuses what expires at this moment': { incoming: { seq: 8n, expires: NOW }, becomes: 'refused' },
  'refuses what expires too far ahead': { incoming: { seq: 8n, expires: NOW + MAX_AHEAD + 1 }, becomes: 'refused' },
  'refuses what is too long': { incoming: { seq: 8n, value: new Uint8Array(1024) }, becomes: 'refused' },
  'replaces by a tombstone of a higher sequence number': { incoming: { seq: 8n, rule: 'TOMBSTONE', value: new Uint8Array() }, becomes: 'replace' },
  'keeps against a tombstone of a lower sequence number': { incoming: { seq: 6n, rule: 'TOMBSTONE', expires: NOW + 2 * HOUR }, becomes: 'keep' },
  'keeps against a tombstone of an equal sequence number that expires sooner, and tells': { incoming: { rule: 'TOMBSTONE', expires: NOW + 1 }, becomes: 'keep', equivocation: true },
  'keeps a tombstone against a lower sequence number': { held: { rule: 'TOMBSTONE' }, incoming: { seq: 6n, expires: NOW + 2 * HOUR }, becomes: 'keep' },
  'replaces a tombstone by a higher sequence number': { held: { rule: 'TOMBSTONE' }, incoming: { seq: 8n }, becomes: 'replace' },
  'refreshes a tombstone by the same one': { held: { rule: 'TOMBSTONE' }, incoming: { rule: 'TOMBSTONE' }, becomes: 'refresh' }
}

interface Sent { held: Uint8Array, incoming: Uint8Array }

async function sentOf (owner: PrivateKey, other: PrivateKey, { held, incoming, otherName, otherKey, otherSigner }: Row): Promise<Sent> {
  const changes = otherName === true ? { ...incoming, key: keyFor(owner, 'other') } : incoming

  return {
    held: await signedBy(owner, held),
    incoming: otherKey === true
      ? await signedBy(other, incoming)
      : await sealed(otherSigner === true ? other : owner, encodePayload(recordOf(owner, changes)))
  }
}

describe('a holder of a signed record', () => {
  for (const [title, row] of Object.entries(ROWS)) {
    it(title, async () => {
      // the second has a slash in its peer id
      for (const owner of [await ownerOf(1), await ownerWithByte(0x2f)]) {
        const holder = new SignedHolder(() => NOW)
        const { held, incoming } = await sentOf(owner, await ownerOf(2), row)

        expect(await holder.put(keyFor(owner), held)).to.equal('replace')
        expect(await holder.put(keyFor(owner), incoming)).to.equal(row.becomes)
        expect(holder.held).to.equalBytes(row.becomes === 'replace' ? incoming : held)
        expect(holder.equivocations).to.equal(row.equivocation === true ? 1 : 0)
      }
    })
  }

  it('accepts none of all that was ever sent when it comes again in any order', async () => {
    const owner = await ownerOf(1)
    const other = await ownerOf(2)
    const sent = (await Promise.all(Object.values(ROWS).map(async row => sentOf(owner, other, row)))).flatMap(({ held, incoming }) => [held, incoming])
    const holder = new SignedHolder(() => NOW)
    const key = keyFor(owner)

    for (const value of sent) {
      await holder.put(key, value)
    }

    const highest = await signedBy(owner, { seq: 2n ** 64n - 1n })
    const random = randomNumbers(SEED)
    expect(holder.held).to.equalBytes(highest)
    let accepted = 0

    for (let i = 0; i < 2_000; i++) {
      const became = await holder.put(key, sent[pick(random, sent.length)])
      accepted += became === 'replace' ? 1 : 0
      expect(holder.held).to.equalBytes(highest)
    }

    expect(accepted).to.equal(0)
  })

  it('takes a lower sequence number once a tombstone has expired, and not a millisecond sooner', async () => {
    const owner = await ownerOf(1)
    let now = NOW
    const holder = new SignedHolder(() => now)
    const old = await signedBy(owner, { seq: 1n, expires: NOW + 2 * HOUR })
    await holder.put(keyFor(owner), await signedBy(owner, { rule: 'TOMBSTONE', expires: NOW + HOUR }))

    now = NOW + HOUR - 1
    expect(await holder.put(keyFor(owner), old)).to.equal('keep')
    now = NOW + HOUR
    expect(await holder.put(keyFor(owner), old)).to.equal('replace')
  })

  it('sees no contradiction in what was signed twice, and holds the same one in whichever order they come', async () => {
    // signatures of this type have chance in them
    const owner = await privateKeyOf('ECDSA')
    const [one, other] = [await signedBy(owner), await signedBy(owner)]
    expect(one).to.not.equalBytes(other)

    const [first, second] = [new SignedHolder(() => NOW), new SignedHolder(() => NOW)]
    const became = [
      await first.put(keyFor(owner), one), await first.put(keyFor(owner), other),
      await second.put(keyFor(owner), other), await second.put(keyFor(owner), one)
    ]

    expect(became.sort()).to.deep.equal(['refresh', 'replace', 'replace', 'replace'])
    expect(first.held).to.equalBytes(second.held)
    expect(first.equivocations + second.equivocations).to.equal(0)
  })

  it('sees no contradiction in a signature that somebody else has turned into another one', async () => {
    const owner = await privateKeyOf('ECDSA')
    const value = await signedBy(owner)
    const turned = value.slice()
    // of an ECDSA signature (r, s) anyone can make (r, -s), which is as good
    const s = BigInt(`0x${uint8ArrayToString(value.subarray(-32), 'base16')}`)
    turned.set(uint8ArrayFromString((ORDER_OF_P256 - s).toString(16).padStart(64, '0'), 'base16'), value.byteLength - 32)

    const holder = new SignedHolder(() => NOW)
    expect(await holder.put(keyFor(owner), value)).to.equal('replace')
    expect(await holder.put(keyFor(owner), turned)).to.be.oneOf(['replace', 'refresh'])
    expect(holder.equivocations).to.equal(0)
  })
})
