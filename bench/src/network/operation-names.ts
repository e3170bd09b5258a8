// The operations that are measured.

/**
 * In the order in which a turn runs them: what one stores, a later one looks for. The first is a node's first lookup after it
 * has rested, when streams may have to be opened anew; it warms the node for the others.
 */
export const OPERATIONS = ['closestPeersFirst', 'closestPeers', 'findPeer', 'provide', 'findProvidersFirst', 'findProvidersAll', 'put', 'get'] as const

export type OperationName = typeof OPERATIONS[number]
