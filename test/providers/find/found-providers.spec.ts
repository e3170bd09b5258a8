import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { FoundProviders, mostNamedFirst } from '../../../src/providers/find/found-providers.ts'
import { passthroughMapper, removePrivateAddressesMapper } from '../../../src/wire/address-mappers.ts'
import { contact, contactOf, hashedId, peerIdOf } from '../../helpers/contacts.ts'
import { check } from '../../helpers/random.ts'
import type { Contact } from '../../../src/query/contact.ts'
import type { PeerInfoMapper } from '../../../src/wire/peer.ts'

const SELF = contact(0)
const FROM = peerIdOf(hashedId(99))

function createFound (mapper: PeerInfoMapper = passthroughMapper, most = 100): FoundProviders {
  return new FoundProviders({ self: SELF.id, mapper, most })
}

/** `witness` names the providers of these numbers, each with an address. */
interface Reply {
  witness: number
  names: number[]
}

const anyReplies: fc.Arbitrary<Reply[]> = fc.array(fc.record({
  witness: fc.nat({ max: 5 }),
  names: fc.array(fc.nat({ max: 12 }), { maxLength: 8 })
}), { maxLength: 12 })

function contactsOf (numbers: number[]): Contact[] {
  return numbers.map(i => contact(i + 1, `/ip4/1.2.3.${i}/tcp/1`))
}

/** How many peers named it. */
function witnessesOf (provider: number, replies: Reply[]): number {
  const naming = replies.filter(({ names }) => names.includes(provider))

  return new Set(naming.map(({ witness }) => witness)).size
}

describe('the providers that were found', () => {
  it('are told once each, stand in the order in which they were named, and have as many witnesses as peers named them, however often', () => {
    check(fc.property(anyReplies, replies => {
      const found = createFound()
      const told = replies.flatMap(({ witness, names }) => found.hear(FROM, `${witness}`, contactsOf(names)))
      const named = [...new Set(replies.flatMap(({ names }) => names))]
      const counts = named.map(i => witnessesOf(i, replies))

      expect(told.map(({ contact }) => contact.id)).to.deep.equal(named.map(i => contact(i + 1).id))
      expect(found.all().map(({ contact }) => contact.id)).to.deep.equal(named.map(i => contact(i + 1).id))
      expect(found.all().map(({ witnesses }) => witnesses.size)).to.deep.equal(counts)
      expect(found.reachable).to.equal(named.length)
      // the others keep their order
      expect(mostNamedFirst(found.all()).map(({ contact }) => contact.id)).to.deep.equal(
        [...named.keys()].sort((a, b) => counts[b] - counts[a] || a - b).map(at => contact(named[at] + 1).id)
      )
    }))
  })

  it('are told again when further addresses of them are heard that may be used, and not for others', () => {
    const found = createFound(removePrivateAddressesMapper)

    expect(found.hear(FROM, 'a', [contact(1, '/ip4/1.2.3.4/tcp/1')])).to.have.lengthOf(1)
    expect(found.hear(FROM, 'b', [contact(1, '/ip4/1.2.3.4/tcp/1')])).to.have.lengthOf(0)
    expect(found.hear(FROM, 'c', [contact(1, '/ip4/192.168.0.1/tcp/1')])).to.have.lengthOf(0)
    const [{ peer }] = found.hear(FROM, 'd', [contact(1, '/ip4/5.6.7.8/tcp/1')])
    expect(peer.multiaddrs.map(String)).to.deep.equal(['/ip4/1.2.3.4/tcp/1', '/ip4/5.6.7.8/tcp/1'])
  })

  it('can be reached as soon as an address is known that may be used; this node always can', () => {
    const found = createFound(removePrivateAddressesMapper)
    const [lacking, self] = found.hear(FROM, 'a', [contact(1, '/ip4/192.168.0.1/tcp/1'), SELF])

    expect(found.isReachable(lacking)).to.equal(false)
    expect(found.isReachable(self)).to.equal(true)
    expect(found.reachable).to.equal(1)
    expect(found.learn(lacking, contact(1))).to.equal(false)
    expect(found.learn(lacking, contact(1, '/ip4/1.2.3.4/tcp/1'))).to.equal(true)
    expect(found.isReachable(lacking)).to.equal(true)
    expect(found.reachable).to.equal(2)
  })

  it('are no more than the limit, and those there are still get addresses and witnesses', () => {
    const found = createFound(passthroughMapper, 2)
    found.hear(FROM, 'a', [contact(1), contact(2), contact(3)])
    expect(found.all()).to.have.lengthOf(2)
    expect(found.hear(FROM, 'b', [contact(2, '/ip4/1.2.3.4/tcp/1'), contact(4)]).map(({ contact }) => contact.id)).to.deep.equal([contact(2).id])
    expect(found.all()[1].witnesses.size).to.equal(2)
  })

  it('are none of those whose id is that of no key', () => {
    const found = createFound()
    expect(found.hear(FROM, 'a', [contactOf(Uint8Array.from([0, 4, 1, 2, 3, 4]))])).to.have.lengthOf(0)
    expect(found.all()).to.have.lengthOf(0)
  })
})
