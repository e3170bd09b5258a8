import { expect } from 'aegir/chai'
import { cidOf } from '../helpers/content.ts'
import { untilHeld } from '../helpers/holders.ts'
import { resetting, silent, turn } from '../helpers/hostile.ts'
import { createAcquaintedNetwork, stopAll, untilTrue } from '../helpers/network.ts'
import { trulyNearest } from '../helpers/truth.ts'
import type { TestNode } from '../helpers/network.ts'

const SIZE = 16
const K = 8

describe('what a node provides, among real nodes of which three misbehave', function () {
  this.timeout(120_000)

  let nodes: TestNode[]

  beforeEach(async () => {
    nodes = await createAcquaintedNetwork(SIZE, { dht: { kBucketSize: K, networkDialTimeout: { minTimeout: 8_000 } } })
  })

  afterEach(async () => {
    await stopAll(nodes)
  })

  it('is announced to the others while some are silent, some reset their streams and some do not serve any more', async () => {
    const cids = await Promise.all(Array.from({ length: 100 }, async (_, i) => cidOf(`content ${i}`)))
    const [provider, ...others] = nodes
    const bad = others.slice(0, 3)
    await turn(bad[0], silent)
    await turn(bad[1], resetting)
    await bad[2].services.dht.setMode('client')
    const { providing } = provider.services.dht
    await providing.add(cids)
    await providing.announce()
    await untilTrue(() => providing.status().neverAnnounced === 0)
    const { announced, records } = providing.status()
    expect(announced).to.be.at.least(100)
    expect(records).to.be.at.least(100 * K / 2)

    for (const cid of cids) {
      const nearest = trulyNearest(others, cid.multihash.bytes, K).filter(node => !bad.includes(node))
      await untilHeld(nearest, cid, provider)
    }
  })
})
