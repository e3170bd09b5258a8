// The errors of operations, by the names that callers of @libp2p/kad-dht match. Those of @libp2p/interface are used where one fits.

/** An operation came to nothing, for a reason that the message gives. */
export class QueryError extends Error {
  override name = 'QueryError'
}

/** There is nobody to ask, or nobody answers. */
export class NoPeersError extends QueryError {
  override name = 'NoPeersError'
}

/** The node holds as much as it may. */
export class StoreFullError extends Error {
  override name = 'StoreFullError'
}

/** More lookups at once than the limit. */
export class TooManyQueriesError extends QueryError {
  override name = 'TooManyQueriesError'
}
