// A process that provides content is killed twenty times while it announces it, when others have heard of any part of it, and each time the next one takes over its disk.

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { MessageType } from '../../src/wire/message.ts'
import { createAcquaintedNetwork, stopAll, untilTrue } from '../helpers/network.ts'
import { randomNumbers, SEED } from '../helpers/random.ts'
import { recordRequests } from '../helpers/requests.ts'
import { trulyNearest } from '../helpers/truth.ts'
import { BEFORE, K, PROVIDED, PROVIDER_INIT, PROVIDER_SEED, STEP } from './provided-content.ts'
import type { TestNode } from '../helpers/network.ts'
import type { Requests } from '../helpers/requests.ts'
import type { PeerId } from '@libp2p/interface'

/** The sources as they are, or compiled. */
const PROVIDER = new URL(`./content-provider${extname(fileURLToPath(import.meta.url))}`, import.meta.url)

const KILLS = 20
const SERVERS = 10

/** Of all announcements that it has to make, each of a key to a peer, no more are heard before it is killed. */
const LATEST = 0.8

describe('a node that provides content and is killed', function () {
  this.timeout(180_000)

  let path: string
  let servers: TestNode[]
  let requests: Requests[]

  before(async () => {
    path = await mkdtemp(join(tmpdir(), 'content-provider-'))
    servers = await createAcquaintedNetwork(SERVERS, { dht: PROVIDER_INIT })
    requests = servers.map(recordRequests)
  })

  after(async () => {
    await stopAll(servers)
    await rm(path, { recursive: true, force: true })
  })

  /** Of which keys the nth server was told. */
  function toldTo (nth: number, provider: PeerId): Set<string> {
    return new Set(requests[nth].from(provider).filter(({ type }) => type === MessageType.ADD_PROVIDER).map(({ key }) => key.join()))
  }

  interface Said {
    has: number[]
    never: number[]
    added: number[]
    done: boolean
  }

  /** Runs until others have heard that part of its announcements; to its end without that. */
  async function provide (from: number, count: number, part?: number): Promise<Said> {
    const child = fork(fileURLToPath(PROVIDER), [path, `${from}`, `${count}`, ...servers.map(server => server.getMultiaddrs()[0].toString())], {
      execArgv: [...process.execArgv, '--no-warnings'],
      stdio: ['ignore', 'pipe', 2, 'ipc']
    })
    const end = once(child, 'exit')
    const said: Said = { has: [], never: [], added: [], done: false }
    let left = Infinity
    const kill = (): void => { child.kill('SIGKILL') }
    requests.forEach(server => {
      server.onRequest = (_, { type }) => {
        if (type === MessageType.ADD_PROVIDER && --left === 0) {
          kill()
        }
      }
    })

    for await (const line of createInterface({ input: child.stdout! })) {
      const [what, list = ''] = line.split(' ')
      const numbers = list.split(',').filter(number => number !== '').map(Number)

      if (what === 'has' || what === 'never' || what === 'added') {
        said[what].push(...numbers)
      } else if (what === 'done') {
        said.done = true
        kill()
      } else {
        // it tells nobody before it is told to go on
        left = part == null ? Infinity : 1 + Math.floor(part * (said.never.length + count) * K)
        child.send('go on')
      }
    }

    assert.deepEqual(await end, [null, 'SIGKILL'])

    return said
  }

  it('has every key whose addition was acknowledged, goes on where it was, and has announced each key to all that are nearest to it in the end, after 20 kills in the middle of it', async () => {
    const random = randomNumbers(SEED)
    const provider = peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', PROVIDER_SEED))
    const acknowledged = new Set<number>()
    const left: number[] = []
    let inTheMiddle = 0

    for (let run = 0; run <= KILLS; run++) {
      const isLast = run === KILLS
      const { has, never, added, done } = await provide(isLast ? BEFORE : BEFORE + run * STEP, isLast ? PROVIDED.length - BEFORE : STEP, isLast ? undefined : random() * LATEST)
      const known = new Set(has)
      assert.deepEqual([...acknowledged].filter(number => !known.has(number)), [], `after kill ${run}`)
      added.forEach(number => { acknowledged.add(number) })
      left.push(never.length)
      inTheMiddle += done ? 0 : 1
    }

    assert.ok(inTheMiddle > KILLS / 2, `only ${inTheMiddle} were killed in the middle of it`)
    assert.ok(left.some((count, i) => count > 0 && count < left[i - 1]), `there were ${left.join(', ')} left`)

    await untilTrue(() => areAllTold(provider))
  })

  /** Whether all that are nearest to each key were told of it. */
  function areAllTold (provider: PeerId): boolean {
    const told = new Map(servers.map((server, i) => [server, toldTo(i, provider)]))

    return PROVIDED.every(({ multihash: { bytes } }) => trulyNearest(servers, bytes, K).every(server => told.get(server)?.has(bytes.join()) === true))
  }
})
