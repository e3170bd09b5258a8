import { expect } from 'aegir/chai'
import { WriteError } from '../../../src/query/write-result.ts'
import { BetterValueError } from '../../../src/values/put.ts'
import { compareAndSwap } from '../../../src/values/signed/compare-and-swap.ts'
import { compareSigned } from '../../../src/values/signed/selector.ts'
import { toPeerId } from '../../../src/wire/peer.ts'
import { contact } from '../../helpers/contacts.ts'
import { bytes } from '../../helpers/content.ts'
import { ownerOf, signedBy } from '../../helpers/signed-records.ts'
import type { Contact } from '../../../src/query/contact.ts'
import type { WriteResult } from '../../../src/query/write-result.ts'
import type { SwapNeeds } from '../../../src/values/signed/compare-and-swap.ts'
import type { PrivateKey } from '@libp2p/interface'

const HOLDERS = [1, 2, 3].map(i => contact(i))

describe('compare-and-swap', () => {
  let owner: PrivateKey
  let held: Map<string, Uint8Array>
  let here: Uint8Array | undefined
  let written: Uint8Array[]
  let pauses: number[]
  /** what happens while it is quiet */
  let meanwhile: () => void
  /** what happens between the look at a holder and the write there */
  let between: (peer: Contact) => void
  let controller: AbortController
  let needs: SwapNeeds

  before(async () => { owner = await ownerOf(1) })

  beforeEach(() => {
    held = new Map()
    here = undefined
    written = []
    pauses = []
    meanwhile = between = () => {}
    controller = new AbortController()
    needs = {
      held: async ({ id }) => held.get(id),
      heldHere: async () => here,
      write: async (value, before) => {
        const result: WriteResult = { stored: [], failed: [], messages: 0, hops: 0 }

        for (const peer of HOLDERS) {
          try {
            await before(peer)
            between(peer)
            const there = held.get(peer.id)

            if (there != null && compareSigned(there, value) > 0) {
              throw new BetterValueError(there)
            }

            held.set(peer.id, value)
            written.push(value)
            result.stored.push(toPeerId(peer))
          } catch (error: any) {
            result.failed.push({ peer: toPeerId(peer), error })
          }
        }

        if (result.stored.length === 0) {
          throw new WriteError('None took it', result)
        }

        return result
      },
      sleep: async ms => {
        pauses.push(ms)
        meanwhile()
      },
      signal: controller.signal
    }
  })

  async function record (seq: bigint, value = 'v'): Promise<Uint8Array> {
    return signedBy(owner, { seq, value: bytes(value) })
  }

  function everywhere (value: Uint8Array): void {
    HOLDERS.forEach(({ id }) => { held.set(id, value) })
  }

  /** Two of the same number, the higher one last. */
  async function twins (seq: bigint): Promise<[Uint8Array, Uint8Array]> {
    const [a, b] = [await record(seq, 'a'), await record(seq, 'b')]

    return compareSigned(a, b) < 0 ? [a, b] : [b, a]
  }

  it('writes in place of what was read, when nobody else has been there', async () => {
    const [base, next] = [await record(1n), await record(2n)]
    everywhere(base)
    const outcome = await compareAndSwap(base, next, [], needs)

    expect(outcome).to.have.nested.property('result.stored').with.lengthOf(3)
    expect(pauses).to.deep.equal([250])
  })

  it('writes the first one where there is none', async () => {
    expect(await compareAndSwap(undefined, await record(1n), [], needs)).to.have.property('result')
  })

  it('is not put off by holders that are behind', async () => {
    const [old, base, next] = [await record(1n), await record(2n), await record(3n)]
    held.set(HOLDERS[0].id, old)
    expect(await compareAndSwap(base, next, [], needs)).to.have.property('result')
  })

  it('writes nothing where somebody else has been, and names who that was', async () => {
    const [base, rival, next] = [await record(1n), await record(2n, 'rival'), await record(3n)]
    everywhere(rival)
    const outcome = await compareAndSwap(base, next, [], needs)

    expect(outcome).to.have.property('rival').that.equalBytes(rival)
    expect(written).to.deep.equal([])
    expect(pauses).to.deep.equal([])
  })

  it('writes nothing at all when somebody else has written on this node', async () => {
    const [base, rival, next] = [await record(1n), await record(2n, 'rival'), await record(3n)]
    here = rival
    expect(await compareAndSwap(base, next, [], needs)).to.have.property('rival').that.equalBytes(rival)
    expect(written).to.deep.equal([])
  })

  it('is not the only one when another appears while it is quiet: at one holder, or here', async () => {
    const [base, next, rival] = [await record(1n), await record(2n), await record(3n, 'rival')]

    for (const appear of [() => { held.set(HOLDERS[1].id, rival) }, () => { here = rival }]) {
      everywhere(base)
      here = base
      meanwhile = appear
      expect(await compareAndSwap(base, next, [], needs)).to.have.property('rival').that.equalBytes(rival)
    }
  })

  it('learns of another that came between its look and its write everywhere, and was higher', async () => {
    const base = await record(1n)
    const [next, rival] = await twins(2n)
    everywhere(base)
    between = ({ id }) => { held.set(id, rival) }
    expect(await compareAndSwap(base, next, [], needs)).to.have.property('rival').that.equalBytes(rival)
  })

  it('names the highest of several', async () => {
    const [base, low, high] = [await record(1n), await record(2n, 'low'), await record(4n, 'high')]
    held.set(HOLDERS[0].id, low)
    held.set(HOLDERS[1].id, high)
    held.set(HOLDERS[2].id, low)
    expect(await compareAndSwap(base, await record(5n), [], needs)).to.have.property('rival').that.equalBytes(high)
  })

  it('takes its own earlier attempts for no other writer', async () => {
    const [base, mine, next] = [await record(1n), await record(2n, 'mine'), await record(3n)]
    everywhere(mine)
    here = mine
    expect(await compareAndSwap(base, next, [mine], needs)).to.have.property('result')
  })

  it('fails as the write does when nobody took it and there is no other', async () => {
    needs.held = async () => { throw new Error('no answer') }
    await expect(compareAndSwap(undefined, await record(1n), [], needs)).to.eventually.be.rejectedWith('None took it')
  })

  it('does not need a second answer of those that do not answer any more', async () => {
    const asked: string[] = []
    const { held: ask } = needs
    needs.held = async (peer, signal) => {
      asked.push(peer.id)

      if (asked.length > HOLDERS.length) {
        throw new Error('gone')
      }

      return ask(peer, signal)
    }

    expect(await compareAndSwap(undefined, await record(1n), [], needs)).to.have.property('result')
    expect(asked).to.have.lengthOf(6)
  })

  it('is ended by the signal, also when it looks again', async () => {
    meanwhile = () => { controller.abort(new Error('enough')) }
    needs.held = async (peer, signal) => {
      signal.throwIfAborted()

      return undefined
    }
    await expect(compareAndSwap(undefined, await record(1n), [], needs)).to.eventually.be.rejectedWith('enough')
  })
})
