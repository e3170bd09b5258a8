// Lists of members meet in any order, any number of times, wherever they are held, and all holders end with the same one.

import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { MIN_SET_SIZE } from '../../../src/values/overlay/entry-size.ts'
import { compareEntries, isInTime } from '../../../src/values/overlay/member-entry.ts'
import { decodeSet, encodeSet, fits, MAX_ENTRIES, members, mergeSets } from '../../../src/values/overlay/member-set.ts'
import { OverlaySet } from '../../../src/values/overlay/overlay.ts'
import { anyPlaces, ed25519Key, entryOf, entryPool, HOUR, NOW, rsaKey, setAt } from '../../helpers/overlay-entries.ts'
import { check } from '../../helpers/random.ts'
import type { MemberEntry } from '../../../src/values/overlay/member-entry.ts'

const PLENTY = 10 * 1024

/** Limits under which one entry fits, a few, or all. */
const anyLimit = fc.oneof(fc.integer({ min: MIN_SET_SIZE, max: MIN_SET_SIZE + 3000 }), fc.constant(PLENTY))

describe('the member list of an overlay', () => {
  let pool: MemberEntry[]

  before(async () => {
    pool = await entryPool()
  })

  /** The newest entry in its time of each member in any of the lists, found the slow way. */
  function truth (sets: Uint8Array[]): MemberEntry[] {
    const all = sets.flatMap(decodeSet).filter(entry => isInTime(entry, NOW))

    return all.filter((entry, i) => !all.some((other, j) => {
      const order = compareEntries(other, entry)

      return idOf(other) === idOf(entry) && (order > 0 || (order === 0 && j < i))
    }))
  }

  describe('merging', () => {
    it('is the same whichever list comes first', () => {
      check(fc.property(anyPlaces, anyPlaces, anyLimit, (a, b, limit) => {
        const [first, second] = [setAt(pool, a), setAt(pool, b)]

        expect(mergeSets([first, second], NOW, limit)).to.equalBytes(mergeSets([second, first], NOW, limit))
      }))
    })

    it('is the same whichever lists meet first, or all at once', () => {
      check(fc.property(anyPlaces, anyPlaces, anyPlaces, anyLimit, (...args) => {
        const limit = args[3]
        const merge = (...sets: Uint8Array[]): Uint8Array => mergeSets(sets, NOW, limit)
        const [a, b, c] = args.slice(0, 3).map(places => setAt(pool, places as number[]))
        const all = merge(a, b, c)

        expect(merge(merge(a, b), c)).to.equalBytes(all)
        expect(merge(a, merge(b, c))).to.equalBytes(all)
        expect(merge(merge(a, c), b)).to.equalBytes(all)
      }), 500)
    })

    it('changes nothing that was merged already', () => {
      check(fc.property(anyPlaces, anyPlaces, anyLimit, (a, b, limit) => {
        const [first, second] = [setAt(pool, a), setAt(pool, b)]
        const merged = mergeSets([first, second], NOW, limit)

        expect(mergeSets([merged], NOW, limit)).to.equalBytes(merged)
        expect(mergeSets([merged, merged], NOW, limit)).to.equalBytes(merged)
        expect(mergeSets([merged, first], NOW, limit)).to.equalBytes(merged)
        expect(mergeSets([first, first], NOW, limit)).to.equalBytes(mergeSets([first], NOW, limit))
      }))
    })

    it('ends with the same list at all holders, whoever told whom and how often', () => {
      const anyTelling = fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { maxLength: 20 })

      check(fc.property(fc.array(anyPlaces, { minLength: 4, maxLength: 4 }), anyTelling, anyLimit, (lists, tellings, limit) => {
        const sets = lists.map(places => setAt(pool, places))
        const held = [...sets]
        // in the end all have heard of all: twice around
        const rounds = [[0, 1], [1, 2], [2, 3], [3, 0], [0, 1], [1, 2], [2, 3]]

        for (const [from, to] of [...tellings, ...rounds]) {
          held[to] = mergeSets([held[to], held[from]], NOW, limit)
        }

        for (const value of held) {
          expect(value).to.equalBytes(mergeSets(sets, NOW, limit))
        }
      }))
    })

    it('keeps of each member the newest entry that is in its time', () => {
      check(fc.property(fc.array(anyPlaces, { maxLength: 4 }), lists => {
        const sets = lists.map(places => setAt(pool, places))

        expect(mergeSets(sets, NOW, PLENTY)).to.equalBytes(encodeSet(truth(sets)))
      }))
    })

    it('never brings back an older entry of a member, not even in place of one that does not fit', () => {
      check(fc.property(fc.array(anyPlaces, { minLength: 2, maxLength: 5 }), anyLimit, (lists, limit) => {
        const sets = lists.map(places => setAt(pool, places))
        const newest = new Map(truth(sets).map(entry => [idOf(entry), entry.version]))
        const oneByOne = sets.reduce((merged, set) => mergeSets([merged, set], NOW, limit))

        for (const entry of decodeSet(oneByOne).filter(entry => isInTime(entry, NOW))) {
          expect(entry.version).to.equal(newest.get(idOf(entry)))
        }
      }))
    })

    it('stays under the limit, and the oldest versions of all members go first', () => {
      check(fc.property(fc.array(anyPlaces, { maxLength: 4 }), anyLimit, (lists, limit) => {
        const sets = lists.map(places => setAt(pool, places))
        const merged = mergeSets(sets, NOW, limit)
        const kept = decodeSet(merged)
        const cut = without(truth(sets), kept)

        expect(merged.byteLength).to.be.at.most(limit)
        // newest first, all that are kept come before all that are cut
        expect([...kept, ...cut].sort((a, b) => compareEntries(b, a)).slice(0, kept.length)).to.have.members(kept)
        expect(fits(kept, limit)).to.equal(true)

        if (cut.length > 0) {
          expect(kept.length).to.be.at.least(1)
          expect(fits([...kept, ...cut.slice(0, 1)], limit)).to.equal(false)
        }
      }))
    })

    it('does not let a short old entry into the gap where a long newer one did not fit', async () => {
      const long = await Promise.all([4n, 3n, 2n].map(async version => entryOf(await rsaKey(), { version })))
      const short = await entryOf(await ed25519Key(1), { version: 1n })
      const limit = MIN_SET_SIZE + short.longest
      const merged = mergeSets([encodeSet(long)], NOW, limit)

      expect(merged.byteLength + short.bytes.byteLength).to.be.below(limit)
      expect(mergeSets([merged, encodeSet([short])], NOW, limit)).to.equalBytes(merged)
      expect(mergeSets([encodeSet([...long, short])], NOW, limit)).to.equalBytes(merged)
    })

    it('cuts the same whichever of a member\'s entries came first, though a newer one may be shorter', async () => {
      const key = await ed25519Key(1)
      const [before, after] = [await entryOf(key, { version: 2n, left: true }), await entryOf(key, { version: 3n })]
      const oldest = await entryOf(await ed25519Key(2), { version: 1n })

      expect(after.bytes.byteLength).to.be.below(before.bytes.byteLength)

      for (let limit = MIN_SET_SIZE; limit <= MIN_SET_SIZE + before.longest + 10; limit++) {
        const merged = mergeSets([encodeSet([before, oldest])], NOW, limit)

        expect(mergeSets([merged, encodeSet([after])], NOW, limit)).to.equalBytes(mergeSets([encodeSet([after, oldest])], NOW, limit))
      }
    })

    it('keeps as many as there may be, whatever the limit of bytes', async () => {
      const entries = await Promise.all(Array.from({ length: MAX_ENTRIES + 50 }, async (_, i) => entryOf(await ed25519Key(i), { version: BigInt(i) })))
      const halves = [encodeSet(entries.slice(0, 153)), encodeSet(entries.slice(153))]

      expect(mergeSets(halves, NOW, 1_000_000)).to.equalBytes(encodeSet(entries.slice(50)))
    })

    it('takes no limit under which some entry would never fit', () => {
      for (const limit of [MIN_SET_SIZE - 1, 0, NaN]) {
        expect(() => mergeSets([], NOW, limit)).to.throw(`at least ${MIN_SET_SIZE} bytes`).with.property('name', 'InvalidParametersError')
      }

      expect(mergeSets([], NOW, MIN_SET_SIZE)).to.have.lengthOf(0)
    })
  })

  describe('leaving', () => {
    it('takes a member off the list until the entry expires, whatever older entries come back', async () => {
      const key = await ed25519Key(1)
      const [stays, leaves] = [await entryOf(key, { version: 1n }), await entryOf(key, { version: 2n, left: true })]
      const [there, gone] = [encodeSet([stays]), encodeSet([leaves])]

      expect(members(there, NOW)).to.deep.equal([{ member: stays.member, version: 1n, expires: NOW + HOUR }])

      for (const order of [[there, gone], [gone, there], [there, gone, there]]) {
        const merged = order.reduce((merged, set) => mergeSets([merged, set], NOW, PLENTY))

        expect(merged).to.equalBytes(gone)
        expect(members(merged, NOW)).to.deep.equal([])
      }

      expect(mergeSets([gone, there], NOW + HOUR, PLENTY)).to.have.lengthOf(0)
    })

    it('is not for ever: a still newer entry brings the member back', async () => {
      const key = await ed25519Key(1)
      const back = await entryOf(key, { version: 3n })
      const merged = mergeSets([encodeSet([await entryOf(key, { version: 2n, left: true })]), encodeSet([back])], NOW, PLENTY)

      expect(members(merged, NOW)).to.deep.equal([{ member: back.member, version: 3n, expires: back.expires }])
    })
  })

  it('tells of those members only whose entries are in their time', async () => {
    const entries = await Promise.all([NOW, NOW + 1, NOW + 48 * HOUR, NOW + 48 * HOUR + 1].map(async (expires, i) => entryOf(await ed25519Key(i), { expires })))

    expect(members(encodeSet(entries), NOW).map(({ expires }) => expires)).to.have.members([NOW + 1, NOW + 48 * HOUR])
  })

  describe('its encoding', () => {
    it('is one for equal lists, and comes back as the same entries', () => {
      check(fc.property(anyPlaces, places => {
        const value = setAt(pool, places)
        const entries = decodeSet(value)

        expect(encodeSet([...entries].reverse())).to.equalBytes(value)
        expect(new Set(entries.map(idOf)).size).to.equal(entries.length)
      }))
    })

    it('is refused with two entries of one member, also the same twice', async () => {
      const key = await ed25519Key(1)
      const [a, b] = [await entryOf(key, { version: 1n }), await entryOf(key, { version: 2n })]

      for (const entries of [[a, b], [b, a], [a, a]]) {
        expect(() => decodeSet(encodeSet(entries))).to.throw('two entries of one member').with.property('name', 'InvalidRecordError')
      }
    })

    it('is refused out of order', () => {
      const inOrder = decodeSet(setAt(pool, [0, 20, 40])).map(({ bytes }) => Uint8Array.from(bytes))

      expect(() => decodeSet(OverlaySet.encode({ entries: inOrder.reverse() }))).to.throw('not in the order').with.property('name', 'InvalidRecordError')
    })

    it('is refused with anything else in it', () => {
      for (const value of [[...setAt(pool, [0]), 0x10, 1], [...setAt(pool, [0]), 0x0a, 0], [0x0a, 5, 1], [255]]) {
        expect(() => decodeSet(Uint8Array.from(value))).to.throw().with.property('name', 'InvalidRecordError')
      }
    })

    it('is refused with more entries than there may be, before any of them is read', () => {
      const junk = OverlaySet.encode({ entries: Array.from({ length: MAX_ENTRIES + 1 }, () => new Uint8Array(1)) })

      expect(() => decodeSet(junk)).to.throw(`up to ${MAX_ENTRIES} entries`).with.property('name', 'InvalidRecordError')
      expect(() => decodeSet(junk.subarray(3))).to.throw('signed envelope')
    })

    it('is read from bytes of another kind, such as Node.js has, as from any, and gives none of them away', () => {
      class Odd extends Uint8Array {}
      const [{ member }] = members(Odd.from(setAt(pool, [0])), NOW)

      expect(member).to.be.an.instanceOf(Uint8Array).and.not.an.instanceOf(Odd)
      expect(member).to.equalBytes(pool[0].member)
    })
  })
})

function without (entries: MemberEntry[], others: MemberEntry[]): MemberEntry[] {
  const gone = new Set(others.map(({ bytes }) => bytes.join()))

  return entries.filter(({ bytes }) => !gone.has(bytes.join()))
}

function idOf ({ member }: MemberEntry): string {
  return member.join()
}
