// As many as a node has that serves something: on a real disk.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'aegir/chai'
import { LevelDatastore } from 'datastore-level'
import { contact } from '../../helpers/contacts.ts'
import { cidsOf } from '../../helpers/content.ts'
import { ProvidingWorld } from '../../helpers/providing-world.ts'
import { randomNumbers, SEED } from '../../helpers/random.ts'

const COUNT = 20_000

describe('twenty thousand CIDs', function () {
  this.timeout(240_000)

  let path: string
  let datastore: LevelDatastore

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'providing-'))
    datastore = new LevelDatastore(path)
    await datastore.open()
  })
  afterEach(async () => {
    await datastore.close()
    await rm(path, { recursive: true, force: true })
  })

  it('are added, and announced with a few lookups, and are there after a restart', async () => {
    const peers = Array.from({ length: 100 }, (_, i) => contact(i + 1, `/ip4/10.0.0.${i}/tcp/4001`))
    const world = new ProvidingWorld({ peers, datastore })
    const read: number[] = []
    world.online = false
    world.providers.start()
    expect(await world.providers.providing.add(cidsOf(COUNT, randomNumbers(SEED)), { onProgress: count => { read.push(count) } })).to.deep.equal({ read: COUNT, added: COUNT })
    expect(read).to.have.lengthOf(COUNT / 1_000)
    world.online = true
    const { announced, failed, lookups, records } = await world.providers.providing.announce()
    expect({ announced, failed, records }).to.deep.equal({ announced: COUNT, failed: 0, records: 20 * COUNT })
    expect(lookups).to.be.below(COUNT / 50)
    await world.providers.stop()
    const again = world.restarted()
    again.online = false
    again.providers.start()
    // nothing is due, so there is nobody to be missed
    expect(await again.providers.providing.announce()).to.deep.equal({ announced: 0, failed: 0, records: 0, lookups: 0, messages: 0 })
    expect(again.providers.providing.status()).to.include({ keys: COUNT, neverAnnounced: 0, due: 0 })
    await again.providers.stop()
  })
})
