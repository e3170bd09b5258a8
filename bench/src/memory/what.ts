// What is weighed. What each comprises stands in the README.

export const WEIGHED = ['tableEntry', 'tableEntryAndPeerStore', 'storedProvider', 'storedProviderApart', 'idleNode'] as const

export type Weighed = typeof WEIGHED[number]

/** `none`: the same libp2p node without a DHT, to be taken off. */
export type MemorySubjectName = 'ours' | 'js' | 'none'

/** How many of them there are, so that what is counted once vanishes beside it. */
export const COUNT: Record<Weighed, number> = {
  tableEntry: 5_000,
  // to write to the peer store takes long
  tableEntryAndPeerStore: 2_000,
  storedProvider: 5_000,
  // as many as ours's cache has place for: 128 keys at least, with 10 each
  storedProviderApart: 1_000,
  idleNode: 20
}
