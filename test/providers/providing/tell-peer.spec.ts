import { expect } from 'aegir/chai'
import { keyOf } from '../../../src/kademlia/key.ts'
import { announcementOf } from '../../../src/providers/provide.ts'
import { tellPeer } from '../../../src/providers/providing/tell-peer.ts'
import { MessageType } from '../../../src/wire/message.ts'
import { contact } from '../../helpers/contacts.ts'
import { cidsOf } from '../../helpers/content.ts'
import { decodeAll } from '../../helpers/providing-world.ts'
import { randomNumbers, SEED } from '../../helpers/random.ts'
import type { ProvidedKey } from '../../../src/providers/providing/provided-keys.ts'
import type { Told } from '../../../src/providers/providing/tell-peer.ts'
import type { Message } from '../../../src/wire/message.ts'

function provided (multihash: Uint8Array): ProvidedKey {
  return { multihash, key: keyOf(multihash), announcedAt: 0 }
}

/** Of a hash of 64 bytes, as SHA2-512 */
function longKeys (count: number): ProvidedKey[] {
  return Array.from({ length: count }, (_, i) => provided(Uint8Array.from([0x13, 0x40, ...new Uint8Array(64).fill(i)])))
}

describe('telling a peer of its keys', () => {
  const usual = cidsOf(40, randomNumbers(SEED)).map(({ multihash }) => provided(multihash.bytes))
  /** what it reads on each */
  const streams: Message[][] = []

  beforeEach(() => { streams.splice(0, Infinity, []) })

  /** `refuses`: with such a message it resets the stream, and reads no more of it */
  async function tell (keys: ProvidedKey[], refuses: (message: Message) => boolean = () => false): Promise<Told> {
    const requestOf = announcementOf(contact(0, '/ip4/1.2.3.4/tcp/4001'))
    let isReset = false

    const take = (bytes: Uint8Array): void => {
      for (const message of decodeAll(bytes)) {
        isReset ||= refuses(message)

        if (!isReset) {
          streams[streams.length - 1].push(message)
        }
      }
    }

    return tellPeer(contact(1), keys, {
      requestOf: ({ multihash }) => requestOf(multihash),
      notify: async (_, { bytes }) => { take(bytes) },
      request: async (_, request) => {
        take(request.bytes)

        if (isReset) {
          isReset = false
          streams.push([])
          throw new Error('the peer closed the stream')
        }

        return { type: request.type, key: request.key, closer: [], providers: [] }
      }
    }, new AbortController().signal)
  }

  it('asks it something behind many keys, in one piece with them', async () => {
    const { told, messages, error } = await tell(usual)
    expect(told.size).to.equal(40)
    expect(messages).to.equal(41)
    expect(error).to.equal(undefined)
    expect(streams[0].map(({ type }) => type)).to.deep.equal([...usual.map(() => MessageType.ADD_PROVIDER), MessageType.FIND_NODE])
  })

  for (const count of [3, 40]) {
    it(`loses none of ${count} keys that it takes to a peer that resets the stream when it is told of another kind of key`, async () => {
      const keys = [...longKeys(2), ...usual.slice(0, count), ...longKeys(3).slice(2)]
      const { told, error } = await tell(keys, ({ key }) => key[0] !== 0x12)
      expect([...told]).to.have.members(usual.slice(0, count))
      expect(error?.message).to.equal('the peer closed the stream')
      expect(streams.flat().filter(({ type }) => type === MessageType.ADD_PROVIDER)).to.have.lengthOf(count)
    })
  }

  it('does not take few keys of a kind that not everybody takes for told when the peer resets the stream', async () => {
    const { told, error } = await tell(longKeys(1), () => true)
    expect(told.size).to.equal(0)
    expect(error).to.be.an('error')
  })

  it('is not told of a key that is removed before its turn', async () => {
    const [first, second] = longKeys(2)
    second.removed = true
    const { told } = await tell([first, second])
    expect([...told]).to.deep.equal([first])
    expect(streams[0].filter(({ type }) => type === MessageType.ADD_PROVIDER)).to.have.lengthOf(1)
  })
})
