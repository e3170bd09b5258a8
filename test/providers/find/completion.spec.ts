import { expect } from 'aegir/chai'
import { Completion } from '../../../src/providers/find/completion.ts'
import { FoundProviders } from '../../../src/providers/find/found-providers.ts'
import { passthroughMapper } from '../../../src/wire/address-mappers.ts'
import { toPeerInfo } from '../../../src/wire/peer.ts'
import { contact, contactOf, hashedId, peerIdOf } from '../../helpers/contacts.ts'
import { countListeners } from '../../helpers/count-listeners.ts'
import { turn } from '../../helpers/turns.ts'
import type { Provider } from '../../../src/providers/find/found-providers.ts'
import type { PeerInfo } from '@libp2p/interface'

const ADDRESS = '/ip4/1.2.3.4/tcp/1'

/** A lookup that the test decides about. */
interface Lookup {
  id: string
  signal: AbortSignal
  found (): void
  failed (): void
}

describe('completing providers that came without addresses', () => {
  const providers = new FoundProviders({ self: 'self', mapper: passthroughMapper, most: 1_000 }).hear(peerIdOf(hashedId(999)), 'a', Array.from({ length: 30 }, (_, i) => contact(i + 1)))
  let lookups: Lookup[]
  let found: Provider[]
  let limits: number
  let controller: AbortController
  let completion: Completion

  beforeEach(() => {
    lookups = []
    found = []
    limits = 0
    controller = new AbortController()
    providers.forEach(({ witnesses }) => {
      witnesses.clear()
      witnesses.add('a')
    })
    completion = new Completion({
      findPeer: async (id, { signal }) => new Promise<PeerInfo>((resolve, reject) => {
        lookups.push({
          id: id.toString(),
          signal,
          found: () => { resolve(toPeerInfo(contactOf(id.toMultihash().bytes, [...contact(1, ADDRESS).addrs]), passthroughMapper)) },
          failed: () => { reject(new Error('nobody knows')) }
        })
        signal.addEventListener('abort', () => { reject(signal.reason) })
      }),
      onFound: provider => { found.push(provider) },
      onLimit: () => { limits++ }
    }, controller.signal)
  })

  function idOf (provider: Provider): string {
    return provider.peer.id.toString()
  }

  it('looks for three at once, and for twenty in all', async () => {
    providers.forEach(provider => { completion.add(provider) })
    await turn()
    expect(lookups).to.have.lengthOf(3)

    for (let i = 0; i < 20; i++) {
      expect(lookups).to.have.lengthOf(Math.min(20, i + 3))
      lookups[i][i % 2 === 0 ? 'found' : 'failed']()
      await turn()
    }

    await completion.done()
    expect(lookups).to.have.lengthOf(20)
    expect(found).to.have.lengthOf(10)
    expect(limits).to.equal(1)
  })

  it('takes those first that most peers have named by then', async () => {
    providers.slice(0, 6).forEach(provider => { completion.add(provider) })
    await turn()
    providers[5].witnesses.add('b')
    lookups[0].failed()
    await turn()
    expect(lookups.map(({ id }) => id)).to.deep.equal([0, 1, 2, 5].map(i => idOf(providers[i])))
  })

  it('gives up a lookup whose provider has become known, and looks for another instead, beyond the twenty', async () => {
    providers.slice(0, 20).forEach(provider => { completion.add(provider) })
    await turn()
    completion.drop(providers[0])
    completion.drop(providers[19])
    await turn()
    expect(lookups[0].signal.aborted).to.equal(true)
    expect(lookups).to.have.lengthOf(4)

    for (let i = 1; i < 19; i++) {
      lookups[i].failed()
      await turn()
    }

    // the place of the one that needed no lookup is free again
    completion.add(providers[20])
    await turn()
    expect(lookups.at(-1)?.id).to.equal(idOf(providers[20]))
    lookups.at(-1)?.found()
    await completion.done()
    expect(found).to.deep.equal([providers[20]])
    expect(limits).to.equal(0)
  })

  it('ends all lookups with its signal, tells of none that comes later, and leaves no listener', async () => {
    const listeners = countListeners(controller.signal)
    providers.slice(0, 10).forEach(provider => { completion.add(provider) })
    await turn()
    lookups[0].found()
    controller.abort(new Error('enough'))
    await completion.done()
    expect(lookups).to.have.lengthOf(3)
    expect(lookups.every(({ signal }) => signal.aborted)).to.equal(true)
    expect(found).to.deep.equal([])
    expect(listeners()).to.equal(0)

    completion.add(providers[10])
    await completion.done()
    expect(lookups).to.have.lengthOf(3)
  })
})
