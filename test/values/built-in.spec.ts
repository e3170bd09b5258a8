import { expect } from 'aegir/chai'
import { builtIn } from '../../src/values/built-in.ts'
import { Namespaces } from '../../src/values/namespaces.ts'
import { decodeSet, encodeSet } from '../../src/values/overlay/member-set.ts'
import { overlayKey } from '../../src/values/overlay/overlay-key.ts'
import { bytes } from '../helpers/content.ts'
import { falseTime, HOUR, START } from '../helpers/false-time.ts'
import { ed25519Key, entryOf, OVERLAY } from '../helpers/overlay-entries.ts'
import { keyFor, ownerOf, signedBy } from '../helpers/signed-records.ts'
import type { Clock } from '../helpers/false-time.ts'

describe('the namespaces that are there without an application', () => {
  let clock: Clock

  beforeEach(() => { clock = falseTime() })
  afterEach(() => { clock.restore() })

  const limits = { signedRecordSize: 1_024, memberListSize: 10_240 }
  const namespaces = new Namespaces({ ...builtIn(limits), timeout: 5_000 })

  it('are four, each with a validator and a selector', () => {
    const { validators, selectors } = builtIn(limits)
    expect(Object.keys(validators).toSorted()).to.deep.equal(['ipns', 'overlay', 'pk', 'sig'])
    expect(Object.keys(selectors).toSorted()).to.deep.equal(Object.keys(validators).toSorted())
  })

  it('take nothing that is garbage', async () => {
    const owner = await ownerOf(1)

    for (const key of [keyFor(owner), overlayKey(OVERLAY), bytes('/ipns/name'), bytes('/pk/name'), bytes('/sig/'), bytes('/overlay/')]) {
      for (const value of [new Uint8Array(0), bytes('garbage'), new Uint8Array(100).fill(255)]) {
        // nobody at all is a list of members, too
        if (value.byteLength > 0 || !new TextDecoder().decode(key).startsWith('/overlay/')) {
          await expect(namespaces.validate(key, value)).to.eventually.be.rejected.with.property('name', 'InvalidRecordError')
        }
      }
    }
  })

  it('know when a signed record ends, how long it may be cached, and which of two holds', async () => {
    const owner = await ownerOf(1)
    const key = keyFor(owner)
    const [one, two] = [await signedBy(owner, { seq: 1n }), await signedBy(owner, { seq: 2n })]
    const { expires, ttl, answersHeld, same, contradict } = namespaces.rulesOf(key)
    await namespaces.validate(key, one)

    expect(expires?.(one)).to.equal(START + HOUR)
    expect(ttl?.(one)).to.equal(60)
    expect(answersHeld).to.equal(true)
    expect(same?.(one, one)).to.equal(true)
    expect(same?.(one, two)).to.equal(false)
    expect(contradict?.(one, two)).to.equal(false)
    expect(contradict?.(one, await signedBy(owner, { seq: 1n, value: bytes('else') }))).to.equal(true)
    expect(await namespaces.best(key, [one, two])).to.equalBytes(two)
  })

  it('merge lists of members, which end with the last of them', async () => {
    const key = overlayKey(OVERLAY)
    const entries = await Promise.all([1, 2].map(async i => entryOf(await ed25519Key(i), { expires: START + i * HOUR })))
    const merged = await namespaces.best(key, entries.map(entry => encodeSet([entry])))

    expect(decodeSet(merged)).to.have.lengthOf(2)
    expect(namespaces.rulesOf(key).expires?.(merged)).to.equal(START + 2 * HOUR)
    expect(namespaces.covers(key, merged, encodeSet([entries[0]]))).to.equal(true)
    expect(namespaces.covers(key, encodeSet([entries[0]]), merged)).to.equal(false)
  })

  it('keep the limits that they are given', async () => {
    const owner = await ownerOf(1)
    const small = new Namespaces({ ...builtIn({ ...limits, signedRecordSize: 200 }), timeout: 5_000 })
    await expect(small.validate(keyFor(owner), await signedBy(owner, { value: new Uint8Array(200) }))).to.eventually.be.rejected.with.property('name', 'InvalidRecordError')
  })
})
