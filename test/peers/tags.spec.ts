import { expect } from 'aegir/chai'
import { TableTags, TAGS } from '../../src/peers/tags.ts'
import { contact } from '../helpers/contacts.ts'
import type { Contact } from '../../src/query/contact.ts'

const [A, B, C, D] = [1, 2, 3, 4].map(i => contact(i))
const KEEP_ALIVE = 'keep-alive-kad-dht'

describe('the tags of the table\'s peers', () => {
  let writes: Array<{ peer: Contact, tags: Record<string, { value: number } | undefined> }>
  let stored: Map<string, Map<string, number>>
  let tags: TableTags

  beforeEach(() => {
    writes = []
    stored = new Map()
    tags = new TableTags((peer, changed) => {
      writes.push({ peer, tags: changed })
      const has = stored.get(peer.id) ?? new Map<string, number>()
      stored.set(peer.id, has)

      for (const [tag, value] of Object.entries(changed)) {
        value == null ? has.delete(tag) : has.set(tag, value.value)
      }
    })
  })

  function of (peer: Contact): Record<string, number> {
    return Object.fromEntries(stored.get(peer.id) ?? [])
  }

  it('are worth more the nearer the bucket, and never as much as those of the nearest', () => {
    const values = [0, 1, 10, 48, 49, 100, 255].map(bucket => {
      tags.onAdded(A, bucket)

      return of(A)['kad-peer']
    })

    expect(values).to.deep.equal([1, 2, 11, 49, 49, 49, 49])
    tags.onNearest([A])
    expect(of(A)['kad-close']).to.be.above(49)
  })

  it('keep the nearest connected, and nobody else', () => {
    [A, B, C, D].forEach(peer => { tags.onAdded(peer, 3) })
    tags.onNearest([A, B])

    expect([A, B, C, D].map(peer => KEEP_ALIVE in of(peer))).to.deep.equal([true, true, false, false])
    expect(of(A)).to.have.keys(TAGS)
    expect(of(C)).to.deep.equal({ 'kad-peer': 4 })
  })

  it('are written only where something changes', () => {
    [A, B, C].forEach(peer => { tags.onAdded(peer, 1) })
    tags.onNearest([A, B])
    expect(writes).to.have.lengthOf(5)

    for (let i = 0; i < 100; i++) {
      tags.onNearest(i % 2 === 0 ? [A, B] : [B, A])
    }

    expect(writes).to.have.lengthOf(5)
    tags.onNearest([B, C])
    expect(writes.slice(5).map(({ peer }) => peer)).to.have.members([A, C])
    expect([A, B, C].map(peer => KEEP_ALIVE in of(peer))).to.deep.equal([false, true, true])
    expect(of(A)).to.deep.equal({ 'kad-peer': 2 })
  })

  it('are all gone when the peer has left the table, and it is new when it comes back', () => {
    tags.onAdded(A, 1)
    tags.onNearest([A])
    tags.onRemoved(A)
    expect(of(A)).to.deep.equal({})

    tags.onNearest([])
    expect(writes).to.have.lengthOf(3)
    tags.onAdded(A, 1)
    tags.onNearest([A])
    expect(of(A)).to.have.keys(TAGS)
  })

  it('of those nearest go when there is nobody near any more', () => {
    [A, B].forEach(peer => { tags.onAdded(peer, 1) })
    tags.onNearest([A, B])
    tags.onNearest([])

    expect([A, B].map(of)).to.deep.equal([{ 'kad-peer': 2 }, { 'kad-peer': 2 }])
  })
})
