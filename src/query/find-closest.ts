// The nearest k peers to a key: what peers, values and providers all begin with.

import { encodeRequest, MessageType } from '../wire/message.ts'
import type { Query, QueryManager, QueryResult } from './manager.ts'

/** Looks for the peers nearest to `key`, all of which have answered. */
export async function findClosest (queries: QueryManager, query: Omit<Query, 'request'>): Promise<QueryResult> {
  return queries.run({ ...query, request: encodeRequest({ type: MessageType.FIND_NODE, key: query.key }) })
}
