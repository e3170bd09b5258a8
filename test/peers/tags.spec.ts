import { expect } from 'aegir/chai'
import { TableTags, TAGS } from '../../src/peers/tags.ts'
import { contact } from '../helpers/contacts.ts'
import { falseTime, MINUTE, SECOND } from '../helpers/false-time.ts'
import type { Contact } from '../../src/query/contact.ts'
import type { Clock } from '../helpers/false-time.ts'

const [A, B, C, D] = [1, 2, 3, 4].map(i => contact(i))
const KEEP_ALIVE = 'keep-alive-kad-dht'

describe('the tags of the table\'s peers', () => {
  let writes: Array<{ peer: Contact, tags: Record<string, { value: number } | undefined> }>
  let stored: Map<string, Map<string, number>>
  let tags: TableTags
  let clock: Clock

  beforeEach(() => {
    clock = falseTime()
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
    tags.start()
  })

  afterEach(() => {
    tags.stop()
    clock.restore()
  })

  async function untilWritten (): Promise<void> {
    await clock.tickAsync(SECOND)
  }

  function of (peer: Contact): Record<string, number> {
    return Object.fromEntries(stored.get(peer.id) ?? [])
  }

  it('are worth more the nearer the bucket, and never as much as those of the nearest', async () => {
    const values: number[] = []

    for (const bucket of [0, 1, 10, 48, 49, 100, 255]) {
      tags.onAdded(A, bucket)
      await untilWritten()
      values.push(of(A)['kad-peer'])
    }

    expect(values).to.deep.equal([1, 2, 11, 49, 49, 49, 49])
    tags.onNearest([A])
    await untilWritten()
    expect(of(A)['kad-close']).to.be.above(49)
  })

  it('keep the nearest connected, and nobody else', async () => {
    [A, B, C, D].forEach(peer => { tags.onAdded(peer, 3) })
    tags.onNearest([A, B])
    await untilWritten()

    expect([A, B, C, D].map(peer => KEEP_ALIVE in of(peer))).to.deep.equal([true, true, false, false])
    expect(of(A)).to.have.keys(TAGS)
    expect(of(C)).to.deep.equal({ 'kad-peer': 4 })
  })

  it('are written only where something changes', async () => {
    [A, B, C].forEach(peer => { tags.onAdded(peer, 1) })
    tags.onNearest([A, B])
    await untilWritten()
    expect(writes).to.have.lengthOf(3)

    for (let i = 0; i < 100; i++) {
      tags.onNearest(i % 2 === 0 ? [A, B] : [B, A])
      await untilWritten()
    }

    expect(writes).to.have.lengthOf(3)
    tags.onNearest([B, C])
    await untilWritten()
    expect(writes.slice(3).map(({ peer }) => peer)).to.have.members([A, C])
    expect([A, B, C].map(peer => KEEP_ALIVE in of(peer))).to.deep.equal([false, true, true])
    expect(of(A)).to.deep.equal({ 'kad-peer': 2 })
  })

  it('are written once a peer and second, however often they change', async () => {
    for (let i = 0; i < 1_000; i++) {
      tags.onAdded(A, i)
      tags.onAdded(B, i)
      tags.onNearest(i % 2 === 0 ? [A] : [B])
      await clock.tickAsync(10)
    }

    await untilWritten()
    expect(writes.length).to.be.within(2, 2 * 11)
    expect([A, B].map(of)).to.deep.equal([{ 'kad-peer': 49 }, { 'kad-peer': 49, 'kad-close': 50, [KEEP_ALIVE]: 1 }])
    expect(clock.countTimers()).to.equal(0)
  })

  it('are all gone when the peer has left the table, and it is new when it comes back', async () => {
    tags.onAdded(A, 1)
    tags.onNearest([A])
    await untilWritten()
    tags.onRemoved(A)
    await untilWritten()
    expect(of(A)).to.deep.equal({})

    tags.onNearest([])
    await untilWritten()
    expect(writes).to.have.lengthOf(2)
    tags.onAdded(A, 1)
    tags.onNearest([A])
    await untilWritten()
    expect(of(A)).to.have.keys(TAGS)
  })

  it('are none when the peer has come and gone within a second, and all when it has gone and come', async () => {
    tags.onAdded(A, 1)
    tags.onRemoved(A)
    tags.onAdded(B, 1)
    tags.onNearest([B])
    await untilWritten()
    tags.onRemoved(B)
    tags.onAdded(B, 1)
    tags.onNearest([B])
    await untilWritten()

    expect(of(A)).to.deep.equal({})
    expect(of(B)).to.have.keys(TAGS)
  })

  it('of those nearest go when there is nobody near any more', async () => {
    [A, B].forEach(peer => { tags.onAdded(peer, 1) })
    tags.onNearest([A, B])
    await untilWritten()
    tags.onNearest([])
    await untilWritten()

    expect([A, B].map(of)).to.deep.equal([{ 'kad-peer': 2 }, { 'kad-peer': 2 }])
  })

  it('that were not written before the stop are written after the next start, and no timer is left between them', async () => {
    tags.onAdded(A, 1)
    tags.stop()
    tags.onAdded(B, 1)
    expect(clock.countTimers()).to.equal(0)
    await clock.tickAsync(MINUTE)
    expect(writes).to.deep.equal([])

    tags.start()
    await untilWritten()
    expect([A, B].map(of)).to.deep.equal([{ 'kad-peer': 2 }, { 'kad-peer': 2 }])
  })
})
