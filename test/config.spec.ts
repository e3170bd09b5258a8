import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'aegir/chai'
import { resolveConfig } from '../src/config.ts'
import { networkOf } from '../src/wire/address-group.ts'
import { passthroughMapper, removePrivateAddressesMapper } from '../src/wire/address-mappers.ts'
import { hashedId, peerIdOf } from './helpers/contacts.ts'
import type { KadDHTInit } from '../src/options.ts'

const HOUR = 3_600_000
const SEED = peerIdOf(hashedId(1)).toString()
/** The longest time a timer can wait, ms: a longer one fires at once, again and again. */
const LONGEST_TIMER = 2 ** 31 - 1

/** The options as someone without types would give them. */
function resolve (options: unknown): ReturnType<typeof resolveConfig> {
  return resolveConfig(options as KadDHTInit)
}

function errorOf (options: unknown): Error {
  try {
    resolve(options)
  } catch (error: any) {
    return error
  }

  throw new Error(`${JSON.stringify(options)} was taken`)
}

/** Options by their path: `limits.queries` is in a group. */
function option (path: string, value: unknown): Record<string, unknown> {
  const [first, second] = path.split('.')

  return second == null ? { [first]: value } : { [first]: { [second]: value } }
}

const COUNTS = [
  'kBucketSize', 'kBucketSplitThreshold', 'alpha', 'disjointPaths', 'routingTableUpdateQueueConcurrency', 'routingTableUpdateMaxQueueSize',
  'prefixLength', 'pingOldContactConcurrency', 'pingOldContactMaxQueueSize', 'pingNewContactConcurrency', 'pingNewContactMaxQueueSize',
  'maxInboundStreams', 'maxOutboundStreams', 'providers.cacheSize', 'reprovide.concurrency', 'reprovide.maxQueueSize', 'limits.valueSize', 'limits.storedValueBytes', 'limits.valuesPerPublisher',
  'republish.concurrency', 'republish.maxQueueSize', 'replicate.concurrency', 'replicate.maxQueueSize',
  'limits.storedValues', 'limits.storedProviders', 'limits.providersPerKey', 'limits.providersPerSender', 'limits.foundProviders', 'limits.queries', 'limits.requests', 'limits.requestsPerStream', 'limits.streamsPerPeer',
  'limits.waitingPerPeer', 'limits.warmStreams', 'limits.dials',
  'randomWalk.queriesPerPeriod', 'diversity.peersPerGroup', 'diversity.peersPerGroupInBucket'
]
const DURATIONS = [
  'querySelfInterval', 'initialQuerySelfInterval', 'pingOldContactTimeout.minTimeout', 'pingOldContactTimeout.maxTimeout',
  'pingNewContactTimeout.minTimeout', 'pingNewContactTimeout.maxTimeout', 'providers.cleanupInterval', 'providers.provideValidity', 'providers.addressValidity',
  'reprovide.threshold', 'reprovide.interval', 'reprovide.validity', 'networkDialTimeout.minTimeout', 'networkDialTimeout.maxTimeout',
  'republish.validity', 'republish.interval', 'replicate.interval', 'limits.validatorTimeout',
  'onPeerConnectTimeout', 'incomingMessageTimeout', 'randomWalk.interval', 'randomWalk.timeout'
]
const BOOLEANS = ['clientMode', 'allowQueryWithZeroPeers', 'randomWalk.enabled']
const PATHS = ['protocol', 'datastorePrefix']
const TEXTS = ['logPrefix', 'metricsPrefix']
const GROUPS = ['pingOldContactTimeout', 'pingNewContactTimeout', 'networkDialTimeout', 'providers', 'reprovide', 'republish', 'replicate', 'limits', 'randomWalk', 'diversity', 'selectors', 'validators']
const FUNCTIONS = ['peerInfoMapper', 'diversity.groupOf', 'validators.mine', 'selectors.mine']

describe('the options', () => {
  it('have defaults that suit a node of the public network', () => {
    const config = resolve({})

    expect(config).to.deep.include({
      k: 20,
      alpha: 10,
      disjointPaths: 1,
      selectors: {},
      validators: {},
      querySelfInterval: 300_000,
      initialQuerySelfInterval: 1_000,
      refreshInterval: 600_000,
      firstPeerTimeout: 10_000,
      protocol: '/ipfs/kad/1.0.0',
      logPrefix: 'libp2p:kad-dht',
      datastorePrefix: '/dht',
      metricsPrefix: 'libp2p_kad_dht',
      probeOld: { concurrency: 20, maxQueueSize: 100, timeout: 10_000 },
      probeNew: { concurrency: 20, maxQueueSize: 100, timeout: 10_000 },
      maxInboundStreams: 32,
      maxOutboundStreams: 64,
      providers: { cacheSize: 2_048, cleanupInterval: 5_400_000, validity: 48 * HOUR, addressValidity: 24 * HOUR, region: 'auto' },
      sweep: { cycle: 22 * HOUR, threshold: 26 * HOUR, concurrency: 10, maxKeys: 16_384, retryInterval: HOUR },
      requestTimeout: 10_000,
      slow: { min: 500, initial: 2_000, max: 5_000 },
      incomingMessageTimeout: 10_000,
      limits: {
        valueSize: 10_240,
        storedValues: 100_000,
        storedValueBytes: 268_435_456,
        valuesPerPublisher: 1_000,
        signedRecordSize: 1_024,
        memberListSize: 10_240,
        validatorTimeout: 5_000,
        storedProviders: 1_000_000,
        providersPerKey: 500,
        providersPerSender: 250_000,
        foundProviders: 1_000,
        queries: 1_000,
        requests: 4_096,
        requestsPerStream: 16,
        streamsPerPeer: 4,
        waitingPerPeer: 1_024,
        warmStreams: 256,
        dials: 25
      },
      seeds: [],
      randomWalk: { enabled: false, interval: 300_000, queriesPerPeriod: 1, timeout: 10_000 },
      groupOf: networkOf,
      perGroup: { perBucket: 2, perTable: 3 },
      ignored: []
    })
    expect(config.clientMode).to.equal(undefined)
    expect(config.peerInfoMapper).to.equal(removePrivateAddressesMapper)
  })

  it('are taken as they are given', () => {
    const validators = { mine: () => {} }
    const groupOf = (): undefined => {}
    const config = resolve({
      kBucketSize: 5,
      alpha: 2,
      disjointPaths: 3,
      clientMode: true,
      validators,
      querySelfInterval: 1,
      allowQueryWithZeroPeers: true,
      protocol: '/mine/1',
      logPrefix: 'log',
      datastorePrefix: '/mine',
      metricsPrefix: 'mine',
      pingOldContactConcurrency: 4,
      pingNewContactMaxQueueSize: 6,
      pingNewContactTimeout: { maxTimeout: 9 },
      maxInboundStreams: 7,
      providers: { cleanupInterval: 2 },
      reprovide: { threshold: 5, validity: 6 },
      peerInfoMapper: passthroughMapper,
      networkDialTimeout: { maxTimeout: 700 },
      onPeerConnectTimeout: 8,
      incomingMessageTimeout: 11,
      limits: { queries: 12 },
      seeds: [`/ip4/1.2.3.4/tcp/4001/p2p/${SEED}`, multiaddr(`/dns4/node.example/tcp/1/p2p/${SEED}`)],
      randomWalk: { enabled: true, queriesPerPeriod: 3 },
      diversity: { groupOf, peersPerGroup: 13 }
    })

    expect(config).to.deep.include({ k: 5, alpha: 2, disjointPaths: 3, clientMode: true, querySelfInterval: 1, firstPeerTimeout: 0, protocol: '/mine/1', maxInboundStreams: 7, requestTimeout: 700, incomingMessageTimeout: 11 })
    // applications add to it after construction
    expect(config.validators).to.equal(validators)
    expect(config.peerInfoMapper).to.equal(passthroughMapper)
    expect(config.probeOld).to.deep.equal({ concurrency: 4, maxQueueSize: 100, timeout: 700 })
    expect(config.probeNew).to.deep.equal({ concurrency: 20, maxQueueSize: 6, timeout: 9 })
    expect(config.providers).to.deep.equal({ cacheSize: 2_048, cleanupInterval: 2_000, validity: 48 * HOUR, addressValidity: 24 * HOUR, region: 'auto' })
    expect(config.sweep).to.include({ cycle: 1, retryInterval: HOUR })
    expect(config.limits).to.include({ queries: 12, warmStreams: 256 })
    expect(config.slow).to.deep.equal({ min: 500, initial: 700, max: 700 })
    expect(config.seeds.map(({ id, multiaddrs }) => [id.toString(), multiaddrs.map(String)])).to.deep.equal([[SEED, ['/ip4/1.2.3.4/tcp/4001', '/dns4/node.example/tcp/1']]])
    expect(config.randomWalk).to.deep.equal({ enabled: true, interval: 300_000, queriesPerPeriod: 3, timeout: 10_000 })
    expect(config.groupOf).to.equal(groupOf)
    expect(config.perGroup).to.deep.equal({ perBucket: 2, perTable: 13 })
  })

  it('that are undefined were not given, in groups as well', () => {
    const names = [...COUNTS, ...DURATIONS, ...BOOLEANS, ...PATHS, ...TEXTS, ...GROUPS, 'peerInfoMapper']

    for (const name of names) {
      expect(resolve(option(name, undefined)), name).to.deep.include(resolve({}))
    }

    expect(resolve(Object.fromEntries(GROUPS.map(name => [name, {}])))).to.deep.include({ k: 20, limits: resolve({}).limits, sweep: resolve({}).sweep })
  })

  it('given to one node do not show in another', () => {
    resolve({}).validators.mine = () => {}
    resolve({}).selectors.mine = () => 0

    expect(resolve({}).validators).to.deep.equal({})
    expect(resolve({}).selectors).to.deep.equal({})
  })

  it('without effect are named, and taken', () => {
    expect(resolve({ prefixLength: 6, kBucketSplitThreshold: 20, alpha: 3 }).ignored).to.have.members(['prefixLength', 'kBucketSplitThreshold'])
  })

  it('of @libp2p/kad-dht for its adaptive timeouts are taken', () => {
    expect(() => resolve({ networkDialTimeout: { interval: 5_000, timeoutMultiplier: 1.2, failureMultiplier: 2, minTimeout: 100 } })).to.not.throw()
  })
})

describe('a wrong option', () => {
  const wrong: Array<[string[], string, unknown[]]> = [
    [COUNTS, 'a whole number from 1', [0, -1, 1.5, NaN, Infinity, '5', null, true, {}, 2 ** 60]],
    [DURATIONS, 'a number above 0', [0, -1, NaN, Infinity, '5', null, false, {}]],
    [BOOLEANS, 'true or false', [0, 1, 'true', null]],
    [PATHS, 'a string that begins with a slash and ends without one', ['', 'ipfs', '/', '/ipfs/', 5, null]],
    [TEXTS, 'a string that is not empty', ['', 5, null]],
    [GROUPS, 'an object', [5, 'ten', null, true]],
    [FUNCTIONS, 'a function', [5, 'identity', null, {}]]
  ]

  for (const [names, takes, values] of wrong) {
    for (const name of names) {
      it(`${name} is named, with what it got and that it takes ${takes}`, () => {
        for (const value of values) {
          const { name: error, message } = errorOf(option(name, value))
          const got = typeof value === 'string' ? JSON.stringify(value) : String(value)

          expect(error).to.equal('InvalidParametersError')
          expect(message).to.contain(name)
          expect(message).to.contain(takes)
          expect(message).to.contain(`not ${got}`)
        }
      })
    }
  }

  it('is named even when what it got cannot be written as text', () => {
    for (const value of [Object.create(null), Symbol('five'), []]) {
      const { name, message } = errorOf({ kBucketSize: value })

      expect(name).to.equal('InvalidParametersError')
      expect(message).to.match(/kBucketSize .* not \S/)
    }
  })

  it('that does not exist is named, with those that do', () => {
    expect(errorOf({ kbucketSize: 20 })).to.have.property('message').that.contains('"kbucketSize"').and.contains('kBucketSize')
    expect(errorOf({ limits: { query: 20 } })).to.have.property('message').that.contains('"limits.query"').and.contains('limits.queries')
    expect(errorOf({ toString: 5 })).to.have.property('name', 'InvalidParametersError')
    expect(errorOf(JSON.parse('{ "__proto__": 5 }'))).to.have.property('name', 'InvalidParametersError')
  })

  it('is the whole of them, when they are no object', () => {
    for (const options of [null, 5, 'options']) {
      expect(errorOf(options)).to.have.property('name', 'InvalidParametersError')
    }
  })

  it('is a list of seeds with one that is none, which is named', () => {
    const { name, message } = errorOf({ seeds: [`/ip4/1.2.3.4/tcp/1/p2p/${SEED}`, 'nowhere'] })

    expect(name).to.equal('InvalidParametersError')
    expect(message).to.contain('seeds[1]').and.to.contain('"nowhere"')
    expect(errorOf({ seeds: '/ip4/1.2.3.4/tcp/1' })).to.have.property('message').that.contains('seeds takes a list')
  })

  it('is a threshold that is not before the end of the validity', () => {
    expect(errorOf({ reprovide: { threshold: 10, validity: 10 } }).message).to.contain('reprovide.threshold').and.contain('less than').and.contain('10')
    expect(errorOf({ reprovide: { threshold: 48 * HOUR } }).message).to.contain('reprovide.threshold')
  })

  it('is no validity alone, however short: what is announced is announced again in time', () => {
    expect(resolveConfig({ reprovide: { validity: 24 * HOUR } }).sweep).to.include({ cycle: 11 * HOUR, threshold: 13 * HOUR })
    expect(resolveConfig({ reprovide: { validity: 1 } }).sweep.cycle).to.equal(1)
  })

  for (const [name, timer] of [
    ['querySelfInterval', config => config.querySelfInterval],
    ['initialQuerySelfInterval', config => config.initialQuerySelfInterval],
    ['providers.cleanupInterval', config => config.providers.cleanupInterval],
    ['reprovide.interval', config => config.sweep.retryInterval],
    ['networkDialTimeout.maxTimeout', config => config.requestTimeout],
    ['pingOldContactTimeout.maxTimeout', config => config.probeOld.timeout],
    ['pingNewContactTimeout.maxTimeout', config => config.probeNew.timeout],
    ['onPeerConnectTimeout', config => config.probeNew.timeout],
    ['incomingMessageTimeout', config => config.incomingMessageTimeout],
    ['randomWalk.interval', config => config.randomWalk.interval],
    ['randomWalk.timeout', config => config.randomWalk.timeout]
  ] as Array<[string, (config: ReturnType<typeof resolve>) => number]>) {
    it(`${name} is refused, or cut, when it is longer than a timer can wait, which would have it fire without a pause`, () => {
      let waits = 0

      try {
        waits = timer(resolve(option(name, 30 * 24 * HOUR)))
      } catch (error: any) {
        expect(error.message).to.contain(name)
      }

      expect(waits).to.be.at.most(LONGEST_TIMER)
    })
  }
})
