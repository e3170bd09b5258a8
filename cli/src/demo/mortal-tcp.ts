// TCP that can be cut: as when a process is killed or a cable is pulled, nobody is told anything.

import { tcp } from '@libp2p/tcp'
import type { Connection, Listener } from '@libp2p/interface'

export interface MortalTcp {
  transport: ReturnType<typeof tcp>
  /** Destroys every socket and opens none ever again. No effect the second time. */
  cut (connections: Connection[]): Promise<void>
}

export function mortalTcp (): MortalTcp {
  const listeners: Listener[] = []
  let dead = false

  return {
    transport: components => {
      const transport = tcp()(components)
      const { createListener, dial } = transport

      transport.createListener = options => {
        const listener = createListener.call(transport, options)
        listeners.push(listener)

        return listener
      }

      transport.dial = async (address, options) => {
        if (dead) {
          throw new Error('This node is dead')
        }

        return dial.call(transport, address, options)
      }

      return transport
    },
    cut: async connections => {
      if (dead) {
        return
      }

      dead = true
      // resets the sockets: no goodbye of yamux or libp2p goes out
      connections.forEach(connection => { connection.abort(new Error('Killed')) })
      await Promise.all(listeners.map(async listener => listener.close()))
    }
  }
}
