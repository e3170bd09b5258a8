import assert from 'node:assert/strict'
import { untilTrue } from '../helpers/network.ts'
import { randomNumbers, SEED } from '../helpers/random.ts'
import { World } from './world.ts'
import type { Check } from './world.ts'

const MINUTE = 60_000

/** One process of a few nodes lives on, and three of a third of the network each die, one a minute. */
const SURVIVORS = 2
const THIRD = 16

/** Lookups of the survivors a minute beside their share of the others', so that what each leaves behind would add up. */
const EXERCISE = 200

describe('fifty nodes, of which a third dies each minute and others come', function () {
  this.timeout(5 * MINUTE)

  const world = new World(randomNumbers(SEED))
  const lines: string[] = []

  before(async () => {
    const start = Date.now()
    await world.start('survivors', SURVIVORS)

    for (const name of ['first', 'second', 'third']) {
      await world.start(name, THIRD)
    }

    lines.push(`${world.nodes.length} nodes have joined after ${seconds(Date.now() - start)}`)
    await world.rest()
  })

  after(async () => {
    await world.killAll()
    // eslint-disable-next-line no-console
    console.info(lines.map(line => `      ${line}`).join('\n'))
  })

  function report (when: string, { gets, finds, recalls, ms }: Check): void {
    lines.push(`${when}: ${gets} gets and ${finds} finds in ${seconds(ms)}; recall ${mean(recalls).toFixed(3)}, least ${Math.min(...recalls).toFixed(2)}`)
  }

  for (let minute = 1; minute <= 5; minute++) {
    it(`finds all that a live node holds or provides, and leaves nothing behind, in minute ${minute}`, async () => {
      const start = Date.now()
      await world.store()

      const [survivors, oldest] = world.processes
      await world.kill(oldest)
      const killed = await world.check()
      report(`minute ${minute}, after ${THIRD} have died`, killed)
      assert.deepEqual(killed.wrong, [])
      // of k peers that somebody names a third is dead: some of the nearest are named by nobody
      assert.ok(mean(killed.recalls) >= 0.9, `recall was ${mean(killed.recalls)}`)

      await world.start(`those of minute ${minute}`, THIRD)
      const replaced = await world.check()
      report(`minute ${minute}, after ${THIRD} have come`, replaced)
      assert.deepEqual(replaced.wrong, [])
      assert.ok(mean(replaced.recalls) >= 0.98, `recall was ${mean(replaced.recalls)}`)

      await world.exercise(survivors, EXERCISE)
      const [rest] = await Promise.all([world.rest(), new Promise(resolve => setTimeout(resolve, start + MINUTE - Date.now()))])
      const footprint = rest.get(survivors.name)
      const tables = await world.checkTables()
      lines.push(`minute ${minute}, at the end: ${tables.entries} peers in the tables, ${tables.dead} of them dead; neighbours known ${mean(tables.neighbours).toFixed(3)}, least ${Math.min(...tables.neighbours).toFixed(2)}`)
      lines.push(`  the survivors after ${footprint?.operations} operations: ${JSON.stringify(footprint)}; ${seconds(Date.now() - start)}`)
      assert.equal(tables.connectedToDead, 0)
      // a peer that nothing is asked of is probed when nothing was heard of it for ten minutes; the others are gone by now
      assert.ok(tables.dead < 0.2 * tables.entries, `${tables.dead} of ${tables.entries} peers in the tables are dead`)
      assert.ok(mean(tables.neighbours) >= 0.95, `${mean(tables.neighbours)} of the nearest are known`)
      assert.deepEqual(world.warnings, [])
    })
  }

  it('forgets all of the dead when it has asked for them', async () => {
    const start = Date.now()

    await untilTrue(async () => {
      await world.seekDead()
      await new Promise(resolve => setTimeout(resolve, 1_000))

      return (await world.checkTables()).dead === 0
    })

    lines.push(`no dead peer is in any table after another ${seconds(Date.now() - start)}`)
    await world.rest()
  })

  it('ends with nothing that keeps the process alive', async () => {
    const [survivors] = world.processes

    assert.equal(await survivors.stop(), 0)
    assert.deepEqual(world.warnings, [])
  })
})

function mean (numbers: number[]): number {
  return numbers.reduce((a, b) => a + b, 0) / numbers.length
}

function seconds (ms: number): string {
  return `${Math.round(ms / 1000)} s`
}
