// What is known of a peer that several have named.

import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { mergeContacts } from '../../src/query/contact.ts'
import { MAX_ADDRESSES, MAX_FURTHER_ADDRESSES, MAX_KNOWN_ADDRESSES } from '../../src/wire/limits.ts'
import { addresses, contactOf, hashedId } from '../helpers/contacts.ts'
import { check } from '../helpers/random.ts'
import type { Contact } from '../../src/query/contact.ts'

const ALL = addresses(1_000)

/** The peer with the addresses of these numbers. */
function named (numbers: number[]): Contact {
  return contactOf(hashedId(1), numbers.map(i => ALL[i]))
}

function range (from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i)
}

function numbersOf ({ addrs }: Contact): number[] {
  return addrs.map(addr => ALL.findIndex(other => other.join() === addr.join()))
}

/** What is known when these have named it, one after the other. */
function merged (replies: number[][]): Contact {
  return replies.map(named).reduce((known, reply) => mergeContacts(known, reply) ?? known, named([]))
}

/** What is to be known after a reply, by numbers. */
function modelOf (known: number[], reply: number[]): number[] {
  const news = reply.filter(i => !known.includes(i)).slice(0, known.length === 0 ? MAX_ADDRESSES : MAX_FURTHER_ADDRESSES)

  return [...known, ...news].slice(0, MAX_KNOWN_ADDRESSES)
}

describe('a peer that several have named', () => {
  it('has the addresses that others named, up to eight of each, though the first has named 32 of no use', () => {
    const known = merged([range(0, MAX_ADDRESSES), range(100, 3), range(200, 20)])

    expect(numbersOf(known)).to.deep.equal([...range(0, 32), ...range(100, 3), ...range(200, 8)])
  })

  it('has all 32 that one names where none was known', () => {
    expect(numbersOf(merged([[], range(0, MAX_ADDRESSES)]))).to.deep.equal(range(0, 32))
  })

  it('has no more than 128 addresses, whoever names it', () => {
    const crowd = Array.from({ length: 20 }, (_, i) => range(40 * i, MAX_ADDRESSES))
    const known = merged(crowd)

    expect(known.addrs).to.have.lengthOf(128)
    expect(mergeContacts(known, named([999]))).to.equal(undefined)
  })

  it('is as it was when one names nothing new', () => {
    expect(mergeContacts(named(range(0, 3)), named([2, 0]))).to.equal(undefined)
    expect(mergeContacts(named([]), named([]))).to.equal(undefined)
  })

  it('keeps what it has, in its order, and gets the first of what is new, whatever is named', () => {
    const replies = fc.array(fc.uniqueArray(fc.nat({ max: 300 }), { maxLength: MAX_ADDRESSES }), { maxLength: 40 })

    check(fc.property(replies, replies => {
      const model = replies.reduce(modelOf, [])
      const known = merged(replies)
      expect(numbersOf(known)).to.deep.equal(model)
      expect(known).to.include({ id: named([]).id, key: named([]).key })
    }), 30)
  })
})
