// What connects nodes.

/** `memory` works within a process only; noise and yamux stay, so that all but the sockets is the same. */
export const TRANSPORTS = ['tcp', 'memory'] as const

export type TransportName = typeof TRANSPORTS[number]
