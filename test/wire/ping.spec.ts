import { expect } from 'aegir/chai'
import Sinon from 'sinon'
import { ping, PING_PROTOCOL, roundTripOf } from '../../src/wire/ping.ts'
import { countListeners } from '../helpers/count-listeners.ts'
import { falseTime } from '../helpers/false-time.ts'
import { createStreams } from '../helpers/stream-ends.ts'
import { quiet, until } from '../helpers/turns.ts'
import type { Stream } from '@libp2p/interface'

/** What the far end of the stream does with what comes in. */
interface FarEnd {
  (data: Uint8Array, far: Stream): void
}

describe('a ping', () => {
  const echo: FarEnd = (data, far) => { far.send(data) }

  interface Pinged {
    result: Promise<number>
    near: Stream
    far: Stream
    opened: Array<[string, object | undefined]>
    listeners (): number
  }

  /** Pings a peer that does that. It closes its end when it sees the end of ours, but if `closes` is false. */
  async function pinging (onData: FarEnd, { controller = new AbortController(), closes = true, beforeOpen = () => {} } = {}): Promise<Pinged> {
    const [near, far] = await createStreams()
    const opened: Pinged['opened'] = []
    const listeners = countListeners(controller.signal)
    far.addEventListener('message', ({ data }) => { onData(data.subarray(), far) })
    far.addEventListener('remoteCloseWrite', () => {
      if (closes) {
        void far.close()
      }
    })

    const newStream = async (protocol: string | string[], options?: object): Promise<Stream> => {
      beforeOpen()
      opened.push([String(protocol), options])

      return near
    }

    return { result: ping({ newStream }, controller.signal), near, far, opened, listeners }
  }

  it('sends 32 bytes by libp2p\'s protocol, also over a relay, and closes its stream', async () => {
    const lengths: number[] = []
    const { result, near, far, opened, listeners } = await pinging((data, far) => {
      lengths.push(data.byteLength)
      far.send(data)
    })

    expect(await result).to.be.at.least(0)
    expect(lengths).to.deep.equal([32])
    expect(opened).to.have.lengthOf(1)
    expect(opened[0][0]).to.equal(PING_PROTOCOL)
    expect(opened[0][1]).to.have.property('runOnLimitedConnection', true)
    expect(near.status).to.equal('closed')
    await until(() => far.status === 'closed')
    expect(listeners()).to.equal(0)
  })

  it('takes the time until the last byte is back, and not that of opening the stream', async () => {
    const clock = Sinon.useFakeTimers({ toFake: ['performance'] })

    try {
      const { result } = await pinging((data, far) => {
        far.send(data.subarray(0, 5))
        clock.tick(30)
        far.send(data.subarray(5))
      }, { beforeOpen: () => { clock.tick(500) } })

      expect(await result).to.equal(30)
    } finally {
      clock.restore()
    }
  })

  const faults: Record<string, { far: FarEnd, error: string }> = {
    'other bytes': { far: (data, far) => { far.send(new Uint8Array(data.byteLength)) }, error: 'InvalidMessageError' },
    'more bytes than it got': { far: (data, far) => { far.send(Uint8Array.from([...data, 0])) }, error: 'InvalidMessageError' },
    'the end of the stream': { far: (data, far) => { void far.close() }, error: 'StreamResetError' },
    'a reset': { far: (data, far) => { far.abort(new Error('no')) }, error: 'StreamResetError' }
  }

  for (const [what, { far, error }] of Object.entries(faults)) {
    it(`fails, and leaves no stream, when the peer answers with ${what}`, async () => {
      const { result, near, listeners } = await pinging(far)
      const name = await result.then(() => 'none', ({ name }: Error) => name)

      expect(name).to.equal(error)
      expect(near.status).to.be.oneOf(['aborted', 'reset', 'closed'])
      expect(listeners()).to.equal(0)
    })
  }

  it('ends with its signal while it waits for the reply', async () => {
    const controller = new AbortController()
    const { result, near, listeners } = await pinging(() => {}, { controller })
    const reason = result.then(() => 'none', ({ message }: Error) => message)
    await quiet()
    controller.abort(new Error('enough'))

    expect(await reason).to.equal('enough')
    expect(near.status).to.equal('aborted')
    expect(listeners()).to.equal(0)
  })

  it('resets the stream after a second when the peer does not close its end, and what it has measured holds', async () => {
    const clock = falseTime()

    try {
      const { result, near, listeners } = await pinging((data, far) => { far.send(data) }, { closes: false })
      let measured = false
      void result.then(() => { measured = true })
      await until(() => near.writeStatus === 'closed' || clock.tick(1) === 0)
      await clock.tickAsync(900)
      expect(measured).to.equal(false)
      await clock.tickAsync(200)

      expect(await result).to.be.at.least(0)
      expect(near.status).to.equal('aborted')
      expect(clock.countTimers()).to.equal(0)
      expect(listeners()).to.equal(0)
    } finally {
      clock.restore()
    }
  })

  it('is not sent when its signal was given before the stream was open', async () => {
    const controller = new AbortController()
    let received = 0
    const { result, near } = await pinging((data, far) => {
      received++
      echo(data, far)
    }, { controller, beforeOpen: () => { controller.abort(new Error('enough')) } })

    expect(await result.then(() => 'none', ({ message }: Error) => message)).to.equal('enough')
    await quiet()
    expect(received).to.equal(0)
    expect(near.status).to.equal('aborted')
  })
})

describe('what libp2p has measured', () => {
  it('is the shortest round trip of the connections, and unknown where there is none', () => {
    expect(roundTripOf([{ rtt: 30 }, {}, { rtt: 20 }])).to.equal(20)
    expect(roundTripOf([{}, {}])).to.equal(undefined)
    expect(roundTripOf([])).to.equal(undefined)
  })
})
