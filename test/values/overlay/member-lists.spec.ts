import { NotFoundError } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { expect } from 'aegir/chai'
import { MemoryDatastore } from 'datastore-core'
import { MemberLists } from '../../../src/values/overlay/member-lists.ts'
import { decodeSet, mergeSets } from '../../../src/values/overlay/member-set.ts'
import { Publications } from '../../../src/values/publications.ts'
import { Sequences } from '../../../src/values/sequences.ts'
import { peerIdOf } from '../../helpers/contacts.ts'
import { falseTime, HOUR, START } from '../../helpers/false-time.ts'
import { ed25519Key, OVERLAY } from '../../helpers/overlay-entries.ts'
import type { Publication } from '../../../src/values/publications.ts'
import type { Clock } from '../../helpers/false-time.ts'
import type { PrivateKey } from '@libp2p/interface'

describe('the overlays of a node', () => {
  let clock: Clock
  let privateKey: PrivateKey
  let other: PrivateKey
  let list: Uint8Array | undefined
  let puts: Uint8Array[]
  let onPut: () => Promise<void>
  let publications: Publications
  let overlays: MemberLists

  before(async () => {
    privateKey = await ed25519Key(1)
    other = await ed25519Key(2)
  })

  beforeEach(() => {
    clock = falseTime()
    list = undefined
    puts = []
    onPut = async () => {}
    const datastore = new MemoryDatastore()
    publications = new Publications(datastore, { prefix: '/dht/published', interval: 22 * HOUR, random: () => 0, log: defaultLogger().forComponent('test') })
    overlays = new MemberLists({
      privateKey,
      publications,
      versions: new Sequences(datastore, '/dht/sequence'),
      get: async () => {
        if (list == null) {
          throw new NotFoundError('nobody has it')
        }

        return { value: list, holders: [] }
      },
      put: async (key, value) => {
        await onPut()
        puts.push(value)
        list = mergeSets(list == null ? [value] : [list, value], Date.now(), 10_240)

        return { stored: [], failed: [], messages: 0, hops: 0 }
      },
      toPeerId: peerIdOf
    })
  })
  afterEach(() => { clock.restore() })

  async function published (): Promise<Publication[]> {
    const found: Publication[] = []

    for await (const publication of publications.all()) {
      found.push(publication)
    }

    return found
  }

  async function names (): Promise<string[]> {
    return (await overlays.members(OVERLAY)).map(({ id }) => id.toString())
  }

  const idOf = ({ publicKey }: PrivateKey): string => publicKey.toString()

  it('have it for a member once it has joined, and not any more when it has left', async () => {
    expect(await names()).to.deep.equal([])
    await overlays.join(OVERLAY)
    expect(await names()).to.deep.equal([idOf(privateKey)])
    await overlays.leave(OVERLAY)
    expect(await names()).to.deep.equal([])
    await overlays.join(OVERLAY)
    expect(await names()).to.deep.equal([idOf(privateKey)])
  })

  it('hold the entry for 47 hours, at a version that is the time', async () => {
    await overlays.join(OVERLAY)
    const [{ version, expires }] = await overlays.members(OVERLAY)
    expect(version).to.equal(BigInt(START))
    expect(expires).to.equal(START + 47 * HOUR)
  })

  it('count on when the clock was set back: the last word is the one that holds', async () => {
    await overlays.join(OVERLAY)
    clock.setSystemTime(START - HOUR)
    await overlays.leave(OVERLAY)
    expect(await names()).to.deep.equal([])
  })

  it('are entered again until it leaves, also when the first attempt has failed, and only with its own key', async () => {
    onPut = async () => { throw new Error('nobody there') }
    await expect(overlays.join(OVERLAY)).to.eventually.be.rejectedWith('nobody there')
    expect((await published())[0]).to.include({ publishedAt: 0, due: 0 })
    onPut = async () => {}
    await overlays.renew((await published())[0], new AbortController().signal)
    expect((await published())[0].due).to.equal(START + 22 * HOUR)
    expect(await names()).to.deep.equal([idOf(privateKey)])

    await overlays.leave(OVERLAY)
    expect(await published()).to.deep.equal([])
    await overlays.join(OVERLAY, { republish: false })
    await overlays.join(OVERLAY, { privateKey: other })
    expect(await published()).to.deep.equal([])
    expect((await names()).toSorted()).to.deep.equal([idOf(privateKey), idOf(other)].toSorted())
  })

  it('go on having this node when it takes another one out of it', async () => {
    await overlays.join(OVERLAY)
    await overlays.join(OVERLAY, { privateKey: other })
    await overlays.leave(OVERLAY, { privateKey: other })
    expect(await names()).to.deep.equal([idOf(privateKey)])
    expect(await published()).to.have.lengthOf(1)
  })

  it('are signed anew each time, with a later end', async () => {
    await overlays.join(OVERLAY)
    await clock.tickAsync(22 * HOUR)
    await overlays.renew((await published())[0], new AbortController().signal)
    const [{ version, expires }] = await overlays.members(OVERLAY)
    expect(expires).to.equal(START + 69 * HOUR)
    expect(version).to.equal(BigInt(START + 22 * HOUR))
  })

  it('have two versions for two words that come at once, of which the last one holds', async () => {
    await Promise.all([overlays.join(OVERLAY), overlays.leave(OVERLAY), overlays.join(OVERLAY), overlays.leave(OVERLAY)])
    const versions = puts.flatMap(value => decodeSet(value).map(({ version }) => version))

    expect(new Set(versions)).to.have.property('size', 4)
    expect(await names()).to.deep.equal([])
    expect(await published()).to.deep.equal([])
  })

  it('are not entered again by a renewal that was under way, or waited, when it left', async () => {
    await overlays.join(OVERLAY)
    const [publication] = await published()
    const { signal } = new AbortController()
    await Promise.all([overlays.renew(publication, signal), overlays.leave(OVERLAY), overlays.renew(publication, signal)])
    expect(await names()).to.deep.equal([])
    await overlays.renew(publication, signal)
    expect(await names()).to.deep.equal([])
  })

  it('do not hide that there is nobody to ask', async () => {
    list = Uint8Array.of(1, 2, 3)
    await expect(overlays.members(OVERLAY)).to.eventually.be.rejected()
  })
})
