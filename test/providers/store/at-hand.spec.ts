import { expect } from 'aegir/chai'
import { AtHand } from '../../../src/providers/store/at-hand.ts'
import { quiet } from '../../helpers/turns.ts'
import type { Announcement } from '../../../src/providers/store/announcement.ts'
import type { Held } from '../../../src/providers/store/at-hand.ts'

function announcement (id: string, announcedAt = 1): Announcement {
  return { id, announcedAt, addresses: '', group: '' }
}

function held (...ids: string[]): Held {
  return new Map(ids.map(id => [id, announcement(id)]))
}

describe('what is at hand', () => {
  let reads: Array<{ name: string, resolve (held: Held): void, reject (error: Error): void }>
  let atHand: AtHand

  beforeEach(() => {
    reads = []
    atHand = new AtHand({
      maxKeys: 3,
      maxAnnouncements: 5,
      read: async name => new Promise<Held>((resolve, reject) => { reads.push({ name, resolve, reject }) })
    })
  })

  function ids (name: string): string[] | Promise<string[]> {
    return atHand.use(name, held => [...held.keys()])
  }

  it('is read once, however many ask at the same time, and then answers at once', async () => {
    const asked = Promise.all([ids('key'), ids('key')].map(async ids => ids))
    reads[0].resolve(held('a', 'b'))

    expect(await asked).to.deep.equal([['a', 'b'], ['a', 'b']])
    expect(ids('key')).to.deep.equal(['a', 'b'])
    expect(reads).to.have.length(1)
  })

  it('has what changed while it was read', async () => {
    const asked = ids('key')
    atHand.change('key', 'c', announcement('c'))
    atHand.change('key', 'a', undefined)
    reads[0].resolve(held('a', 'b'))

    expect(await asked).to.deep.equal(['b', 'c'])
    expect(atHand.announcements).to.equal(2)
  })

  it('is read again when it may have been wrong, and nobody gets to see that', async () => {
    const asked = ids('key')
    atHand.change('key', 'not written', announcement('not written'))
    atHand.forget('key')
    reads[0].resolve(held('a'))
    await quiet()
    reads[1].resolve(held('b'))

    expect(await asked).to.deep.equal(['b'])
  })

  it('lets each user see what those before it have changed, and tells each of its own error', async () => {
    const asked = [
      atHand.use('key', () => { atHand.change('key', 'b', announcement('b')) }),
      atHand.use('key', () => { throw new Error('refused') }),
      ids('key')
    ].map(async promise => promise)
    reads[0].resolve(held('a'))

    const results = await Promise.allSettled(asked)
    expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled'])
    expect(await asked[2]).to.deep.equal(['a', 'b'])
  })

  it('fails for whoever waits when it can not be read, and is read again for the next', async () => {
    const asked = Promise.allSettled([ids('key'), ids('key')].map(async ids => ids))
    reads[0].reject(new Error('broken'))
    expect((await asked).map(({ status }) => status)).to.deep.equal(['rejected', 'rejected'])

    const again = ids('key')
    reads[1].resolve(held('a'))
    expect(await again).to.deep.equal(['a'])
  })

  /** Asks for a key that has these providers. */
  async function fill (name: string, ...providers: string[]): Promise<void> {
    const asked = ids(name)
    reads.at(-1)?.resolve(held(...providers))
    await asked
  }

  it('is of so many keys, those that were asked for last', async () => {
    for (const name of ['1', '2', '3']) {
      await fill(name, 'a')
    }

    ids('1')
    await fill('4', 'a')
    expect(['1', '2', '3', '4'].filter(name => atHand.get(name) != null)).to.deep.equal(['1', '3', '4'])
    expect([atHand.keys, atHand.announcements]).to.deep.equal([3, 3])
  })

  it('has so many announcements, but always one key', async () => {
    await fill('1', 'a', 'b')
    await fill('2', 'a', 'b')
    atHand.change('2', 'c', announcement('c'))
    expect([atHand.keys, atHand.announcements]).to.deep.equal([2, 5])
    atHand.change('2', 'd', announcement('d'))
    expect([atHand.keys, atHand.announcements]).to.deep.equal([1, 4])
    await fill('3', ...'abcdefgh')
    expect([atHand.keys, atHand.announcements]).to.deep.equal([1, 8])
    expect(ids('3')).to.have.length(8)
  })

  it('has a key from its first announcement on, without a read, until others come that nobody has asked for either', () => {
    atHand.change('old', 'a', announcement('a'), true)
    atHand.change('new', 'a', announcement('a'), true)
    expect(atHand.get('old')).to.equal(undefined)
    expect(ids('new')).to.deep.equal(['a'])
    expect(atHand).to.include({ keys: 1, announcements: 1 })
  })

  it('does not take what was announced for what was asked for: however much is announced, that stays', async () => {
    const asked = ['one', 'two'].map(async name => ids(name))
    reads.forEach(({ resolve }) => { resolve(held('a')) })
    await Promise.all(asked)

    for (let i = 0; i < 100; i++) {
      atHand.change(`new ${i}`, 'a', announcement('a'), true)
    }

    expect([ids('one'), ids('two')]).to.deep.equal([['a'], ['a']])
    expect(atHand.keys).to.be.at.most(3)
  })

  it('knows further providers of a key that is new, and that they are none any more', () => {
    atHand.change('new', 'a', announcement('a'), true)
    atHand.change('new', 'b', announcement('b'))
    atHand.change('new', 'a', undefined)
    expect(ids('new')).to.deep.equal(['b'])
    expect(atHand.announcements).to.equal(1)
  })
})
