import { expect } from 'aegir/chai'
import { Seeds } from '../../src/peers/seeds.ts'
import { contact } from '../helpers/contacts.ts'
import { MINUTE, START } from '../helpers/false-time.ts'

const [SEED, OTHER_SEED, BOOTSTRAPPER, PEER] = [1, 2, 3, 4].map(i => contact(i))

describe('seeds', () => {
  it('are those of the options, whoever else is there', () => {
    const seeds = new Seeds([SEED, OTHER_SEED])
    seeds.onJoin([BOOTSTRAPPER.id], START)

    expect(seeds.all).to.deep.equal([SEED, OTHER_SEED])
    expect([SEED, OTHER_SEED, BOOTSTRAPPER, PEER].map(({ id }) => seeds.has(id))).to.deep.equal([true, true, false, false])
  })

  it('of the options are spared for ten minutes after the node has joined, through whomever', () => {
    const seeds = new Seeds([SEED])
    seeds.onJoin([], START)

    expect([0, 10 * MINUTE - 1, 10 * MINUTE].map(after => seeds.spares(SEED.id, START + after))).to.deep.equal([true, true, false])
    expect(seeds.spares(PEER.id, START)).to.equal(false)
  })

  it('are not those through whom a node is back that knew others from the last time', () => {
    const seeds = new Seeds([])
    seeds.onSaved(1)
    seeds.onJoin([PEER.id], START)

    expect(seeds.spares(PEER.id, START)).to.equal(false)
  })

  it('are also those whom a node has joined through, for ten minutes', () => {
    const seeds = new Seeds([])
    expect(seeds.spares(BOOTSTRAPPER.id, START)).to.equal(false)
    seeds.onJoin([BOOTSTRAPPER.id], START)

    expect(seeds.spares(BOOTSTRAPPER.id, START)).to.equal(true)
    expect(seeds.spares(BOOTSTRAPPER.id, START + 10 * MINUTE - 1)).to.equal(true)
    expect(seeds.spares(BOOTSTRAPPER.id, START + 10 * MINUTE)).to.equal(false)
    expect(seeds.spares(PEER.id, START)).to.equal(false)
  })

  it('are others when the node joins anew through others', () => {
    const seeds = new Seeds([])
    seeds.onJoin([BOOTSTRAPPER.id], START)
    seeds.onJoin([PEER.id], START + MINUTE)

    expect(seeds.spares(BOOTSTRAPPER.id, START + MINUTE)).to.equal(false)
    expect(seeds.spares(PEER.id, START + 11 * MINUTE - 1)).to.equal(true)
  })
})
