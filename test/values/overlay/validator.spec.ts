import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { Namespaces } from '../../../src/values/namespaces.ts'
import { MIN_SET_SIZE } from '../../../src/values/overlay/entry-size.ts'
import { decodeSet, encodeSet, fits, mergeSets } from '../../../src/values/overlay/member-set.ts'
import { overlayKey } from '../../../src/values/overlay/overlay-key.ts'
import { overlaySelector, overlayValidator } from '../../../src/values/overlay/validator.ts'
import { bytes } from '../../helpers/content.ts'
import { anyPlaces, ed25519Key, entryOf, entryPool, HOUR, NOW, OVERLAY, secp256k1Key, setAt } from '../../helpers/overlay-entries.ts'
import { check, checkAsync, pick, randomBytes, randomNumbers, SEED } from '../../helpers/random.ts'
import type { MemberEntry } from '../../../src/values/overlay/member-entry.ts'

const KEY = overlayKey(OVERLAY)
const LIMIT = 10 * 1024
const MUTATIONS = 20_000

describe('what is stored as the members of an overlay', () => {
  let now: number
  let good: MemberEntry
  let other: MemberEntry

  beforeEach(async () => {
    now = NOW
    good = await entryOf(await ed25519Key(1))
    other = await entryOf(await ed25519Key(2))
  })

  const clock = { now: () => now }

  async function validate (value: Uint8Array, { key = KEY, maxSize = LIMIT } = {}): Promise<void> {
    await new Namespaces({ validators: { overlay: overlayValidator({ ...clock, maxSize }) }, selectors: {}, timeout: 5_000 }).validate(key, value)
  }

  async function expectRefused (value: Uint8Array, reason: string, options = {}): Promise<void> {
    await expect(validate(value, options)).to.eventually.be.rejectedWith(reason).with.property('name', 'InvalidRecordError')
  }

  it('is whatever merging makes of entries that their members have signed', async () => {
    const pool = await entryPool()

    await checkAsync(fc.asyncProperty(anyPlaces, anyPlaces, fc.integer({ min: MIN_SET_SIZE, max: LIMIT }), async (a, b, maxSize) => {
      const merged = mergeSets([setAt(pool, a), setAt(pool, b)], NOW, maxSize)

      if (merged.byteLength > 0) {
        await validate(merged, { maxSize })
      }
    }))
  })

  it('is refused under the key of another overlay', async () => {
    await expectRefused(encodeSet([good]), 'for another overlay', { key: overlayKey(bytes('go players')) })
  })

  it('is refused with one entry of another overlay', async () => {
    await expectRefused(encodeSet([good, await entryOf(await ed25519Key(2), { overlay: bytes('go players') })]), 'for another overlay')
  })

  it('is refused with one entry that was tampered with', async () => {
    const tampered = Uint8Array.from(encodeSet([good, other]))
    tampered[tampered.byteLength - 1] ^= 1

    await expectRefused(tampered, 'not signed by its member')
  })

  it('is refused with two entries of one member', async () => {
    await expectRefused(encodeSet([good, await entryOf(await ed25519Key(1), { version: 2n })]), 'two entries of one member')
  })

  it('is refused when nobody is in it', async () => {
    await expectRefused(new Uint8Array(0), 'None of the 0 entries')
  })

  it('is refused when it is too long', async () => {
    const entries = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(async i => entryOf(await ed25519Key(i))))

    await expectRefused(encodeSet(entries), `over the limit of ${MIN_SET_SIZE}`, { maxSize: MIN_SET_SIZE })
  })

  it('is refused when merging would cut it, though it is not too long: merging it with itself would change it', async () => {
    const value = encodeSet([good, other])

    expect(value.byteLength).to.be.below(MIN_SET_SIZE)
    await expectRefused(value, 'too full', { maxSize: MIN_SET_SIZE })
    await validate(mergeSets([value], NOW, MIN_SET_SIZE), { maxSize: MIN_SET_SIZE })
  })

  it('has a limit under which any entry would fit', () => {
    expect(() => overlayValidator({ ...clock, maxSize: MIN_SET_SIZE - 1 })).to.throw(`at least ${MIN_SET_SIZE} bytes`)
      .with.property('name', 'InvalidParametersError')
  })

  it('stays valid as long as one entry is in its time, and not a moment longer', async () => {
    const value = encodeSet([good, await entryOf(await ed25519Key(2), { expires: NOW + 2 * HOUR })])

    now = NOW + 2 * HOUR - 1
    await validate(value)
    now = NOW + 2 * HOUR
    await expectRefused(value, 'None of the 2 entries is in its time')
  })

  it('is taken by a node whose clock is so slow that the newest entry seems to expire too far ahead, which merging leaves out', async () => {
    const newest = await entryOf(await ed25519Key(2), { expires: NOW + 48 * HOUR })
    const value = encodeSet([good, newest])

    now = NOW - HOUR
    await validate(value)
    await expectRefused(encodeSet([newest]), 'None of the 1 entries is in its time')
    expect(mergeSets([value], now, LIMIT)).to.equalBytes(encodeSet([good]))
    expect(mergeSets([mergeSets([value], now, LIMIT), value], NOW, LIMIT)).to.equalBytes(value)
  })

  it('has the signatures of expired entries verified too', async () => {
    const expired = Uint8Array.from((await entryOf(await ed25519Key(2), { expires: NOW - 1 })).bytes)
    expired[expired.byteLength - 1] ^= 1

    await expectRefused(encodeSet([good, { ...other, bytes: expired }]), 'not signed by its member')
  })

  it('is looked at for its time again when its signatures are known', async () => {
    const validator = overlayValidator({ ...clock, maxSize: LIMIT })
    await validator(KEY, encodeSet([good]))
    now = good.expires

    await expect(validator(KEY, encodeSet([good]))).to.eventually.be.rejectedWith('None of the 1 entries is in its time')
  })

  it('is not verified further when the caller gives up', async () => {
    const validator = overlayValidator({ ...clock, maxSize: LIMIT })

    await expect(validator(KEY, encodeSet([good]), { signal: AbortSignal.abort() })).to.eventually.be.rejected.with.property('name', 'AbortError')
  })

  it(`never takes anything else out of ${MUTATIONS} mutations than entries that were signed`, async () => {
    const random = randomNumbers(SEED)
    const entries = [good, other, await entryOf(await ed25519Key(3), { version: 5n }), await entryOf(secp256k1Key(4), { left: true })]
    const signed = new Set(entries.map(entry => entry.bytes.join()))
    const value = encodeSet(entries)
    const validator = overlayValidator({ ...clock, maxSize: LIMIT })
    let taken = 0

    for (let i = 0; i < MUTATIONS; i++) {
      const mutated = mutate(value, entries, random)

      try {
        await validator(KEY, mutated)
      } catch (error) {
        expect(error, `thrown for ${mutated.join()}`).to.have.property('name', 'InvalidRecordError')
        continue
      }

      taken++
      expect(decodeSet(mutated).filter(({ bytes }) => !signed.has(bytes.join())), mutated.join()).to.deep.equal([])
    }

    // some leave out entries, and are lists as good as the whole
    expect(taken).to.be.above(0).and.below(MUTATIONS / 4)
  })

  describe('for those who can only select', () => {
    const select = overlaySelector(clock)

    it('is the one that has the newest entry that the other has not', async () => {
      const newer = await entryOf(await ed25519Key(1), { version: 2n })
      const values = [[good], [good, other], [newer], [newer, other]].map(encodeSet)

      for (const [i, value] of values.entries()) {
        for (const worse of values.slice(0, i)) {
          expect(select(KEY, [worse, value])).to.equal(1)
          expect(select(KEY, [value, worse])).to.equal(0)
        }
      }
    })

    it('is the same for every node, whichever value it met first, and never worse for being merged', async () => {
      const pool = await entryPool()

      check(fc.property(fc.array(anyPlaces, { minLength: 2, maxLength: 4 }), fc.integer({ min: MIN_SET_SIZE, max: MIN_SET_SIZE + 3000 }), (lists, limit) => {
        const values = lists.map(places => setAt(pool, places)).filter(value => fits(decodeSet(value), limit))
        const merged = mergeSets(values, NOW, limit)
        const best = (values: Uint8Array[]): Uint8Array => values[select(KEY, values) as number]

        if (values.length > 0) {
          expect(best(values)).to.equalBytes(best([...values].reverse()))
          expect(best([...values, best(values)])).to.equalBytes(best(values))
        }

        expect(best([...values, merged])).to.equalBytes(merged)
      }))
    })

    it('is not better for an entry that has expired, or one too far ahead', async () => {
      for (const expires of [NOW, NOW + 48 * HOUR + 1]) {
        const outOfTime = await entryOf(await ed25519Key(3), { version: 100n, expires })

        expect(select(KEY, [encodeSet([good, outOfTime]), encodeSet([good, other])])).to.equal(1)
        expect(select(KEY, [encodeSet([good, outOfTime]), encodeSet([good])])).to.equal(1)
      }
    })
  })
})

/** The list with some of its bytes changed, moved, doubled or gone, or an entry left out, put elsewhere, or out of its parts anew. */
function mutate (value: Uint8Array, entries: MemberEntry[], random: () => number): Uint8Array {
  if (pick(random, 20) === 0) {
    return encodeSet(entries.filter(() => pick(random, 2) === 0))
  }

  const result = [...value]

  for (let changes = 1 + pick(random, 3); changes > 0; changes--) {
    const at = pick(random, result.length + 1)
    const from = pick(random, result.length + 1)
    const piece = pick(random, 3) === 0 ? entries[pick(random, entries.length)].bytes : result.slice(from, from + pick(random, 70))
    const kind = pick(random, 6)

    if (kind === 0 && result.length > 0) {
      result[at % result.length] ^= 1 << pick(random, 8)
    } else if (kind === 1) {
      result.splice(at, piece.length, ...piece)
    } else if (kind === 2) {
      result.splice(at, 0, ...piece)
    } else if (kind === 3) {
      result.splice(at, 1 + pick(random, 70))
    } else if (kind === 4) {
      result.splice(at, 1 + pick(random, 8), ...randomBytes(random, 1 + pick(random, 8)))
    } else {
      result.length = at
    }
  }

  return Uint8Array.from(result)
}
